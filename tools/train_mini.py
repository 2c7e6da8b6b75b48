"""Train vgg19-mini, the small network that comes with the package.

    python -m tools.train_mini --minutes 180
    python -m tools.train_mini --device cuda --minutes 8
    python -m tools.train_mini --resume --minutes 180
    python -m tools.train_mini --begin NETWORK --minutes 180
    python -m tools.train_mini calibrate NETWORK

VGG-19's plan at a quarter of its width learns to answer as Oxford's VGG-19
does (``d2l-style fetch vgg19``): all sixteen layers, before and after the
ReLU, on a few pictures, augmented hard (Asano and Saeed, 'The Augmented
Image Prior', 2023), and on the pictures that a transfer with the student
itself comes by. tools/mini/training.py says what is minimised. What helps to
learn is thrown away; what is left is calibrated and written as safetensors.

Needs the extra `train` (pip install -e ".[torch,train]"): scikit-image and
scikit-learn bring most of the pictures. The folder of a run holds
checkpoint.safetensors and log.csv. Ctrl-C or SIGTERM stops it after the step
in hand, with a checkpoint; --resume goes on. On a computer that others use
too, --threads 1 is several times as fast as threads that wait for each other.
"""

import json
import platform
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from safetensors import safe_open

from d2l_style.machine.console import steady_streams
from d2l_style.machine.doctor import require
from d2l_style.network.tensors import read_safetensors

torch = require("torch")

from tools.mini import (  # noqa: E402 (they import torch)
    augment,
    calibrate,
    checkpoint,
    invented,
    pictures,
)
from tools.mini.arguments import (  # noqa: E402
    EVERY,
    MINUTES,
    calibrate_parser,
    train_parser,
)
from tools.mini.log import Log, Progress  # noqa: E402
from tools.mini.teacher import Teacher  # noqa: E402
from tools.mini.training import Options, Training  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "d2l_style" / "data" / "vgg19-mini.safetensors"
FOLDER = ROOT / "build" / "vgg19-mini"
CALIBRATED = 24  # invented pictures among those that set the scales
# One for each time that the training was taken up again.
COMMITTED_LOGS = sorted((Path(__file__).parent / "mini").glob("*.csv"))


def main(argv=None):
    """Run the program; return its exit code."""
    steady_streams()
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
    torch.backends.cuda.matmul.allow_tf32 = True  # Gram matrices
    own = {k: v for k, v in vars(args).items() if k in Options.__annotations__}
    path, state = args.folder / "checkpoint.safetensors", None
    if args.resume:
        if args.begin:
            raise ValueError(
                "--begin is for a new run: this one goes on with its own "
                "network. Leave out --begin or --resume."
            )
        state = checkpoint.load(path)
        facts = state[1]
        options = options_of(facts).continued(own)
    else:
        if path.exists():
            raise ValueError(
                f"{path} is there already. Go on from it with --resume, or "
                "choose another --folder."
            )
        if not own.keys() & {"steps", "minutes"}:
            own["minutes"] = MINUTES
        own.setdefault("bf16", fast_bf16(args.device))
        options = Options(**own)
    found = chosen(args)
    hashes = pictures.hashes(found)
    if state and (told := pictures.changes(facts["pictures"], hashes)):
        print(told)
    photos = pictures.load(found)
    # So half of the crops are of photographs.
    crops = 3 * photos + invented.pictures(options.invented)
    seen = scale_pictures(photos)  # now: what it lacks is told at once
    first = args.begin and read_safetensors(args.begin)
    run = begin(options, crops, state, args.device, first)
    facts = {
        "pictures": hashes,
        "device": run.device.type,
        "threads": args.threads,
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    print(
        f"{len(found)} pictures and {options.invented} invented ones; "
        f"{run.device}, threads: {args.threads}, "
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
    finish(run, seen, args)


def begin(options, seen, state=None, device="cpu", first=None):
    """Return the :class:`Training` of ``options`` on pictures ``seen``."""
    dtype = torch.bfloat16 if options.bf16 else torch.float32
    master = Teacher(None, device, dtype)
    return Training(options, master, seen, state, device, first)


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
    """Give a network the scales that its teacher has now, untrained."""
    torch.set_num_threads(args.threads)
    parameters = read_safetensors(args.network)
    facts = facts_of(args.network)
    seen = scale_pictures(pictures.load(chosen(args)))
    export(parameters, seen, args, **facts)
    print(f"{args.output} holds {args.network}, calibrated.")


def facts_of(path):
    """Return the metadata of a safetensors file, read as JSON if it is."""
    with safe_open(path, framework="numpy") as file:
        facts = file.metadata() or {}
    for name, value in facts.items():
        with suppress(json.JSONDecodeError):
            facts[name] = json.loads(value)
    return facts


def chosen(args):
    """Return the pictures to train on, less those left out.

    Raises ``ValueError`` if there is none of that name.
    """
    found = pictures.find()
    if unknown := [name for name in args.without if name not in found]:
        raise ValueError(
            f"There is no picture {', '.join(unknown)} to leave out. There "
            f"are: {', '.join(found)}."
        )
    return {n: path for n, path in found.items() if n not in args.without}


def finish(run, seen, args):
    """Calibrate what the run has learned and write it to ``args.output``."""
    facts = {"steps": run.steps_done, "options": asdict(run.options)}
    export(run.parameters(), seen, args, **facts)
    print(
        f"{args.output} holds the network after {run.steps_done} steps, "
        f"{args.output.stat().st_size / 1e6:.1f} MB."
    )


def scale_pictures(photos):
    """Return what the scales are set by: photos and invented pictures."""
    return photos + invented.pictures(CALIBRATED)


def export(parameters, seen, args, /, **facts):
    """Write ``parameters``, calibrated on the pictures ``seen``."""
    X = augment.views(seen).to(args.device)
    parameters = calibrate.calibrated(
        parameters, Teacher(None, args.device), X
    )
    calibrate.export(parameters, args.output, **facts)


def fast_bf16(device="cpu"):
    """Return whether this device multiplies bfloat16 in hardware."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported()
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and (
            "avx512_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
        )
    except (AttributeError, OSError):
        return False


def options_of(facts):
    """Return the :class:`Options` in a checkpoint's or a log's facts."""
    options = {"invented": 0, **facts["options"]}  # older ones had none
    return Options(**{**options, "widths": tuple(options["widths"])})


if __name__ == "__main__":
    sys.exit(main())
