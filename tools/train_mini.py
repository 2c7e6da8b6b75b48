"""Train vgg19-mini, the small network that comes with the package.

    python -m tools.train_mini --teacher FILE --arch squeezenet1_0
    python -m tools.train_mini --resume --minutes 180
    python -m tools.train_mini calibrate CHECKPOINT --f 0.4,0.25,0.2,0.3,0.3

VGG-19's plan at a quarter of its width learns, by distillation, to see what
a classifier trained on ImageNet sees: at several depths a linear head
predicts the standardised feature maps of the frozen teacher (Hinton, Vinyals
and Dean, 2015; Romero et al., 2015), on a few pictures, augmented hard
(Asano and Saeed, 'The Augmented Image Prior', 2023). The heads are thrown
away; what is left is calibrated and written as safetensors.

Needs the extra `train` (pip install -e ".[torch,train]"): scikit-image and
scikit-learn bring most of the pictures. The folder of a run holds
checkpoint.safetensors and log.csv. Ctrl-C or SIGTERM stops it after the step
in hand, with a checkpoint; --resume goes on. On a computer that others use
too, --threads 1 is several times as fast as threads that wait for each other.
"""

import platform
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from d2l_style.doctor import require

torch = require("torch")

from tools.mini import (  # noqa: E402 (they import torch)
    augment,
    calibrate,
    checkpoint,
    pictures,
    teacher,
)
from tools.mini.arguments import (  # noqa: E402
    EVERY,
    MINUTES,
    calibrate_parser,
    train_parser,
)
from tools.mini.log import Log, Progress  # noqa: E402
from tools.mini.training import Options, Training, arrays  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "d2l_style" / "data" / "vgg19-mini.safetensors"
FOLDER = ROOT / "build" / "vgg19-mini"
COMMITTED_LOG = Path(__file__).parent / "mini" / "vgg19-mini.csv"


def main(argv=None):
    """Run the program; return its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        if argv[:1] == ["calibrate"]:
            recalibrate(calibrate_parser(OUTPUT).parse_args(argv[1:]))
        else:
            train(train_parser(__doc__, FOLDER, OUTPUT).parse_args(argv))
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def train(args):
    """Begin or resume the run that the parsed options describe."""
    torch.set_num_threads(args.threads)
    own = {k: v for k, v in vars(args).items() if k in Options.__annotations__}
    path, state = args.folder / "checkpoint.safetensors", None
    if args.resume:
        state = checkpoint.load(path)
        facts = state[1]
        options = options_of(facts).continued(own)
        file = args.teacher or facts["teacher"]
    else:
        if path.exists():
            raise ValueError(
                f"{path} is there already. Go on from it with --resume, or "
                "choose another --folder."
            )
        if not own.keys() & {"steps", "minutes"}:
            own["minutes"] = MINUTES
        own.setdefault("bf16", fast_bf16())
        options, file = Options(**own), args.teacher
    found = pictures.find()
    for name in args.without:
        found.pop(name, None)
    hashes = pictures.hashes(found)
    if state and (told := pictures.changes(facts["pictures"], hashes)):
        print(told)
    seen = pictures.load(found)
    run = begin(options, file, seen, state)
    facts = {
        "pictures": hashes,
        "teacher": str(Path(file).resolve()) if file else None,
        "threads": args.threads,
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    print(
        f"{len(seen)} pictures, teacher {options.arch} at "
        f"{', '.join(run.teacher.names)}; threads: {args.threads}, "
        f"{'bfloat16' if options.bf16 else 'float32'}.",
        flush=True,
    )
    args.folder.mkdir(parents=True, exist_ok=True)
    if not loop(run, args.folder, facts, args.every):
        print(
            f"Stopped after step {run.steps_done}; {path} holds the state. "
            "Go on with the same --folder and --resume."
        )
        return
    finish(run.parameters(), options, run.steps_done, seen, args)


def begin(options, file, seen, state=None):
    """Return the :class:`Training` of ``options`` on pictures ``seen``."""
    dtype = torch.bfloat16 if options.bf16 else torch.float32
    master = teacher.load(options.arch, file, dtype=dtype)
    return Training(options, master, seen, state)


def loop(run, folder, facts, every=EVERY):
    """Train until the budget is used up; return False if stopped before.

    Writes checkpoints and the log as it goes. SIGINT and SIGTERM stop it
    after a whole step.
    """
    stopped, before = [], {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, lambda *_: stopped.append(1))
    saved, path = time.monotonic(), folder / "checkpoint.safetensors"
    progress = Progress(run)
    try:
        with Log(folder / "log.csv", run, facts) as log:
            while run.fraction() < 1 and not stopped:
                lr = run.lr()
                loss = run.step()
                log.add(run.steps_done, loss, lr)
                progress.show(loss)
                if time.monotonic() - saved > 60 * every:
                    save(path, run, facts)
                    saved = time.monotonic()
            save(path, run, facts)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        progress.close()
    return run.fraction() >= 1


def save(path, run, facts):
    """Write the run's checkpoint."""
    tensors, own = run.state()
    checkpoint.save(path, tensors, {**facts, **own})


def recalibrate(args):
    """Export a checkpoint's network with other factors, untrained."""
    torch.set_num_threads(args.threads)
    tensors, facts = checkpoint.load(args.checkpoint)
    options = options_of(facts)
    weights = "student" if args.last else "average"
    parameters = arrays(checkpoint.group(tensors, weights))
    found = pictures.find()
    for name in args.without:
        found.pop(name, None)
    finish(parameters, options, facts["step"], pictures.load(found), args)


def finish(parameters, options, steps, seen, args):
    """Calibrate ``parameters`` and write them to ``args.output``."""
    X = augment.views(seen)
    parameters = calibrate.calibrated(parameters, X, args.f, options.pool)
    facts = {"teacher": options.arch, "steps": steps, "f": args.f}
    calibrate.export(parameters, args.output, **facts, options=asdict(options))
    print(
        f"{args.output} holds the network after {steps} steps, "
        f"{args.output.stat().st_size / 1e6:.1f} MB."
    )
    if options.pool != "max":
        print("It was trained with average pooling; the package uses max.")


def fast_bf16():
    """Return whether this processor multiplies bfloat16 in hardware."""
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and (
            "avx512_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
        )
    except (AttributeError, OSError):
        return False


def options_of(facts):
    """Return the :class:`Options` in a checkpoint's or a log's facts."""
    options = facts["options"]
    return Options(**{**options, "widths": tuple(options["widths"])})


if __name__ == "__main__":
    sys.exit(main())
