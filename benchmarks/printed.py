"""The baseline: the printed chapter's operations, in its order, our words.

Nothing is done better than the chapter does it: VGG's weights want
gradients, torchvision's ReLUs work in place, Gluon's do not, the picture
is copied into a list of features layer by layer, and every ten epochs one
more image is drawn over the last ones and the whole figure is drawn anew.
"""

import io

from matplotlib.figure import Figure

from d2l_style.pictures import images
from d2l_style.recipe import Recipe

CONTENT, STYLE = [25], [0, 5, 10, 19, 28]


class Stacking:
    """A figure into which every image is drawn over the last ones."""

    def __init__(self):
        self.figure = Figure(figsize=(7, 2.5))
        self.left, self.right = self.figure.subplots(1, 2)
        self.points = []

    def add(self, img, losses):
        self.right.imshow(img)
        self.points.append(losses)
        self.left.cla()
        self.left.plot(self.points)
        self.figure.savefig(io.BytesIO(), format="svg")


def layers_of(features, recipe):
    """Return (layers, shift), the layers as far as they are needed.

    The chapter takes what its convolutions put out. For an objective with
    the tap ``relu`` it has to look ``shift`` = 1 layer further down.
    """
    shift = int(recipe.tap == "relu")
    count = max(CONTENT + STYLE) + 1 + shift
    return [features[i] for i in range(count)], shift


def layer_by_layer(net, X, shift):
    """Return (contents, styles), kept in lists on the way through."""
    contents, styles = [], []
    for i in range(len(net)):
        X = net[i](X)
        if i - shift in STYLE:
            styles.append(X)
        if i - shift in CONTENT:
            contents.append(X)
    return contents, styles


def printed_pytorch(content_img, style_img, recipe):
    """Return a function that runs one epoch as PyTorch's tab prints it.

    It returns the picture, a parameter.
    """
    import torch

    from d2l_style import torch as d2l

    pretrained = d2l.pretrained_vgg19(recipe.weights, inplace=True)
    layers, shift = layers_of(pretrained.features, recipe)
    net = torch.nn.Sequential(*layers)

    def as_input(img):
        return torch.tensor(images.standardise(_resized(img, recipe)))

    contents_Y, _ = layer_by_layer(net, as_input(content_img), shift)
    _, styles_Y = layer_by_layer(net, as_input(style_img), shift)
    grams = [d2l.gram(Y) for Y in styles_Y]
    X = torch.nn.Parameter(as_input(content_img))
    adam = torch.optim.Adam([X], lr=recipe.lr)
    decay = torch.optim.lr_scheduler.StepLR(adam, recipe.lr_decay_epoch, 0.8)
    figure, count = Stacking(), 0

    def epoch():
        nonlocal count
        adam.zero_grad()
        contents, styles = layer_by_layer(net, X, shift)
        losses = d2l.compute_loss(X, contents, styles, contents_Y, grams)
        losses[-1].backward()
        adam.step()
        decay.step()
        count += 1
        if count % 10 == 0:
            figure.add(d2l.postprocess(X), [sum(losses[1]).item()])
        return X

    return epoch


def printed_mxnet(content_img, style_img, recipe):
    """Return a function that runs one epoch as MXNet's tab prints it.

    It returns the picture, an array.
    """
    from d2l_style import mxnet as d2l

    pretrained = d2l.pretrained_vgg19(recipe.weights)
    net = d2l.nn.Sequential()
    layers, shift = layers_of(pretrained.features, recipe)
    for layer in layers:
        net.add(layer)

    def as_input(img):
        return d2l.np.array(images.standardise(_resized(img, recipe)))

    contents_Y, _ = layer_by_layer(net, as_input(content_img), shift)
    _, styles_Y = layer_by_layer(net, as_input(style_img), shift)
    X, grams, trainer = d2l.get_inits(
        as_input(content_img), d2l.try_gpu(), recipe.lr, styles_Y
    )
    figure, count = Stacking(), 0

    def epoch():
        nonlocal count
        with d2l.autograd.record():
            contents, styles = layer_by_layer(net, X, shift)
            losses = d2l.compute_loss(X, contents, styles, contents_Y, grams)
        losses[-1].backward()
        trainer.step(1)
        count += 1
        if count % recipe.lr_decay_epoch == 0:
            trainer.set_learning_rate(trainer.learning_rate * 0.8)
        if count % 10 == 0:
            figure.add(d2l.postprocess(X).asnumpy(), [sum(losses[1]).item()])
        d2l.npx.waitall()
        return X

    return epoch


def _resized(img, recipe):
    img = images.as_image(img)
    return images.resize(img, recipe.image_shape, recipe.antialias)


def recipe_of(backend, **changes):
    """Return the recipe whose numbers the baseline uses."""
    return Recipe.preset("as-printed", backend, **changes)
