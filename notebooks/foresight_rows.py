"""Rows and figures of Foresight's outputs as pandas has them.

Parquet is read through pyarrow. Where that is not installed, runs written with ``--set output.format=jsonl`` are read, and
data sets curated so; of both formats a row is the same dictionary.
"""

import bz2
import gzip
import itertools
import json
import os
import zlib
from pathlib import Path

import pandas as pd

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:  # Debian has no pyarrow
    pyarrow = None

HOME = Path(__file__).resolve().parent.parent

# What generate and score add to the input's columns, each after output.prefix.
ADDED = ["output", "reward", "constraint_scores", "satisfied", "status", "error", "error_kind", "tokens", "log_prob", "counters"]

# Okabe and Ito's colours, which those who do not see red or green tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#8C8C8C")
PALETTE = [BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
STATUS = {"ok": BLUE, "unsatisfied": ORANGE, "truncated": PURPLE, "error": GREY}


class CannotRead(Exception):
    """What is asked for is not there, not finished, or in a format that this Python does not read."""


def find(variable, is_one, what, command):
    """The folder that the environment variable names, or the newest below output/ for which is_one holds.

    A relative path is one of the working folder, or else of the repository.
    """
    named = os.environ.get(variable)
    if named:
        folder = Path(named) if Path(named).exists() else HOME / named
        if not is_one(folder):
            raise CannotRead(f"Cannot read {named}: it is no {what}. Set {variable} to what {command} wrote.")
        return folder.resolve()
    found = [Path(folder) for folder, _, _ in _folders(HOME / "output") if is_one(Path(folder))]
    if not found:
        raise CannotRead(f"Cannot find a {what} below {HOME / 'output'}. Set {variable} to what {command} wrote.")
    return max(found, key=lambda folder: folder.stat().st_mtime)


def _folders(root):
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith(("_", ".")))
        yield folder, below, files


def find_run():
    """The finished run of generate or score that FORESIGHT_RUN names, or the newest below output/."""
    def is_one(folder):
        made = folder / "_foresight" / "run.json"
        return made.is_file() and _json(made).get("job") in ("generate", "score") and (
            "FORESIGHT_RUN" in os.environ or _json(made).get("state") == "finished")
    return Run(find("FORESIGHT_RUN", is_one, "run", "./submit.sh generate"))


def find_evaluation():
    """The output of evaluate that FORESIGHT_EVALUATION names, or the newest below output/."""
    return Evaluation(find("FORESIGHT_EVALUATION", lambda folder: (folder / "report.json").is_file(),
                           "evaluation", "./submit.sh evaluate"))


def find_curated():
    """The output of curate that FORESIGHT_CURATED names, or the newest below output/."""
    return Curated(find("FORESIGHT_CURATED", lambda folder: (folder / "curation.json").is_file(),
                        "curated data set", "./submit.sh curate"))


class Run:
    """A finished run of generate or score: info (run.json), summary, settings, and its rows."""

    def __init__(self, folder):
        self.folder = Path(folder)
        made = self.folder / "_foresight" / "run.json"
        if not made.is_file():
            raise CannotRead(f"Cannot read run {folder}: it has no _foresight/run.json. Name the output folder of generate or score.")
        self.info = _json(made)
        if self.info.get("state") != "finished":
            raise CannotRead(f"Cannot read run {folder}: it is {self.info.get('state')}, not finished. "
                             "Give its command again, which goes on where it ended.")
        self.settings = self.info["settings"]
        self.summary = self.info["summary"]

    def setting(self, name, default=None):
        """A setting by its name, such as decoding.strategy."""
        value = self.settings
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    def rows(self):
        """A row per row of the run; its columns named as the guide names them, whatever the run's settings call them.

        id, concepts (a list), n_concepts and text are always there, and so are the columns of ADDED: null where the job writes
        none, as score writes no counters.
        """
        frame = read_rows(self.folder)
        prefix = self.setting("output.prefix") or ""
        if prefix:
            # A column of the input that has the name already is put aside, as a run over what another run wrote has them.
            mine = {prefix + name: name for name in ADDED if prefix + name in frame}
            frame = frame.rename(columns={name: "input_" + name for name in mine.values()}).rename(columns=mine)
        for name in ("id", "concepts"):
            theirs = self.setting(f"input.columns.{name}") or name
            if theirs != name and theirs in frame:
                frame[name] = frame[theirs]
        for name in ["id", "concepts", *ADDED]:
            if name not in frame:
                frame[name] = None
        text = self.info.get("text")
        frame["text"] = frame[text] if text in frame else frame["output"]
        frame["concepts"] = frame["concepts"].map(_words)
        frame["n_concepts"] = frame["concepts"].map(len)
        if self.info["job"] == "score":
            # score has no column of status: what it could not judge is an error, and the rest is as its rewards say.
            frame["status"] = frame.apply(lambda row: "error" if isinstance(row["error"], str)
                                          else "ok" if pd.isna(row["satisfied"]) or row["satisfied"] else "unsatisfied", axis=1)
        for name in ("reward", "tokens", "log_prob"):
            frame[name] = pd.to_numeric(frame[name])
        return frame.sort_values("id", kind="stable").reset_index(drop=True)


class Evaluation:
    """What evaluate wrote: report (report.json) and, by data set and variant, the runs."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.report = _json(self.folder / "report.json")

    def figures(self):
        """A row per variant and data set: rows by status, metrics as name, name_low, name_high and name_rows, and work."""
        rows = []
        for variant in self.report["variants"]:
            row = {"dataset": variant["dataset"], "variant": variant["name"], **variant["status"]}
            for name, metric in variant["metrics"].items():
                row.update({name: metric["mean"], name + "_low": metric["low"], name + "_high": metric["high"],
                            name + "_rows": metric["rows"]})
            rows.append({**row, **variant["work"], **{"state_" + name: share for name, share in variant["states"].items()}})
        return pd.DataFrame(rows)

    def comparisons(self):
        """The paired tests, one per row."""
        return pd.DataFrame(self.report["comparisons"], columns=[
            "metric", "dataset", "first", "second", "difference", "low", "high", "p", "adjusted"])

    def rows(self):
        """All rows of all variants, with columns dataset and variant before those of Run.rows."""
        frames = []
        for variant in self.report["variants"]:
            run = Run(self.folder / variant["dataset"] / variant["name"])
            frame = run.rows()
            frame.insert(0, "dataset", variant["dataset"])
            frame.insert(1, "variant", variant["name"])
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


class Curated:
    """What curate wrote: card (curation.json), splits and dropped texts."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not (self.folder / "_SUCCESS").is_file():
            raise CannotRead(f"Cannot read data set {folder}: it is not finished. Give its command again, which goes on where it ended.")
        self.card = _json(self.folder / "curation.json")

    def steps(self):
        """A row per step: name, does, rows, kept, dropped, reasons."""
        return pd.DataFrame([{name: step[name] for name in ("name", "does", "rows", "kept", "dropped", "reasons")}
                             for step in self.card["steps"]])

    def rows(self):
        """The rows of all splits, with a column split before them, and after them text: what a trainer learns to write."""
        frames = []
        for split in self.card["splits"]:
            frame = read_rows(self.folder / split)
            frame.insert(0, "split", split)
            frame["text"] = [_completion(row) for row in frame.to_dict("records")]
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def dropped(self):
        """A row per dropped text, with its step and reason."""
        frame = read_rows(self.folder / "dropped")
        for name in ("uid", "id", "prompt", "text", "reward", "step", "reason", "detail", "similar_to", "jaccard"):
            if name not in frame:
                frame[name] = None
        return frame


    def text_of(self, uid, rows, dropped):
        """The text that dropped texts name as similar_to, or its uid where splits have not enough to tell."""
        gone = dropped.loc[dropped["uid"] == uid, "text"]
        if len(gone):
            return gone.iloc[0]
        if self.card["form"] != "preference" and "id" in rows:
            # What is not dropped is kept; which of its prompt's rows it is, is plain where there is one.
            kept = rows.loc[rows["id"].astype(str) == uid.rsplit("#", 2)[0], "text"]
            if len(kept) == 1:
                return kept.iloc[0]
        return uid


def missing_words(frame):
    """A row per concept of each row: id, concept, and whether the text has it; of rows that keyword coverage judged."""
    found = []
    for row in frame.itertuples():
        scores = row.constraint_scores if isinstance(row.constraint_scores, dict) else {}
        for concept in row.concepts:
            score = next((value for name, value in scores.items() if name.endswith("." + concept)), None)
            if score is not None:
                found.append({"id": row.id, "concept": concept, "there": score >= 1})
    return pd.DataFrame(found, columns=["id", "concept", "there"])


def counters(frame):
    """The column counters as columns, null in rows that have none; empty where no row has."""
    return pd.DataFrame([row if isinstance(row, dict) else {} for row in frame["counters"]], index=frame.index)


def interval(successes, rows):
    """Wilson's 95 % interval of a share: (low, high)."""
    if rows == 0:
        return float("nan"), float("nan")
    z, share = 1.959964, successes / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * (share * (1 - share) / rows + z * z / (4 * rows * rows)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def whiskers(value, low, high):
    """Interval ends as matplotlib's errorbar takes them: distances from the value, of which rounding may have made one negative."""
    value, low, high = (pd.Series(part, dtype=float).reset_index(drop=True) for part in (value, low, high))
    return None if low.isna().all() else [list((value - low).clip(lower=0)), list((high - value).clip(lower=0))]


def shares(frame, by):
    """Of rows that a hard reward judged, by the values of a column: rows, satisfied (a share), low and high."""
    judged = frame[frame["satisfied"].notna()]
    grouped = judged.assign(satisfied=judged["satisfied"].astype(bool)).groupby(by, observed=True)["satisfied"]
    table = pd.DataFrame({"rows": grouped.size(), "met": grouped.sum(), "satisfied": grouped.mean()}).reset_index()
    bounds = [interval(met, rows) for met, rows in zip(table["met"], table["rows"])]
    table["low"], table["high"] = [low for low, _ in bounds], [high for _, high in bounds]
    return table.drop(columns="met")


def style(plt):
    """What all figures have in common."""
    plt.rcParams.update({
        "figure.dpi": 110, "savefig.dpi": 110, "font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
        "axes.axisbelow": True, "axes.grid": True, "grid.color": "#DDDDDD", "grid.linewidth": 0.6, "legend.frameon": False,
        "axes.titlesize": 11, "axes.titlelocation": "left"})
    pd.set_option("display.max_colwidth", 90)


def table(frame, precision=2):
    """A frame to display, without its index. Texts are data: what looks like HTML in them is shown, not done."""
    shown = frame.copy()
    for name in shown:
        shown[name] = [", ".join(_shown(part) for part in value) if isinstance(value, (list, tuple)) else value for value in shown[name]]
    left = {"selector": "th, td", "props": [("text-align", "left")]}
    return shown.style.hide(axis="index").format(precision=precision, escape="html", na_rep="-").set_table_styles([left])


def _shown(part):
    return f"{part.get('role')}: {part.get('content')}" if isinstance(part, dict) else str(part)


def picture(figure, name):
    """Writes the figure to NAME.png in the folder FORESIGHT_PICTURES, where that is set."""
    folder = os.environ.get("FORESIGHT_PICTURES")
    if folder:
        figure.savefig(Path(folder) / f"{name}.png", bbox_inches="tight", metadata={"Software": None})


def read_rows(folder):
    """The rows in a folder's files, Parquet or JSONL, as a frame of plain Python values: maps and structs as dict, lists as list."""
    folder = Path(folder)
    # What begins with _ or . is not rows, as for Spark.
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith(("_", ".")))
    parquet = [file for file in files if file.name.endswith(".parquet")]
    lines = [file for file in files if ".json" in file.name]
    if not parquet and not lines:
        raise CannotRead(f"Cannot read rows of {folder}: no file there is Parquet or JSONL. Name a finished output.")
    if parquet and pyarrow is None:
        raise CannotRead(f"Cannot read rows of {folder}: they are Parquet, and pyarrow is not installed. "
                         "Install it (pip install -r notebooks/requirements.txt), or write the output with --set output.format=jsonl.")
    read = itertools.chain(itertools.chain.from_iterable(map(_of_parquet, parquet)), itertools.chain.from_iterable(map(_of_lines, lines)))
    return pd.DataFrame(list(read))


def _of_parquet(file):
    table = pyarrow.parquet.ParquetFile(file)
    schema = table.schema_arrow
    for batch in table.iter_batches():
        for row in batch.to_pylist():
            yield {field.name: _plain(row[field.name], field.type) for field in schema}


def _plain(value, kind):
    """Maps come from pyarrow as lists of pairs."""
    if value is None:
        return None
    if pyarrow.types.is_map(kind):
        return {key: _plain(item, kind.item_type) for key, item in value}
    if pyarrow.types.is_struct(kind):
        return {field.name: _plain(value[field.name], field.type) for field in kind}
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        return [_plain(item, kind.value_type) for item in value]
    return value


def _of_lines(file):
    if file.suffix in (".json", ".jsonl"):
        opened = open(file, encoding="utf-8")
    elif file.suffix == ".gz":
        opened = gzip.open(file, "rt", encoding="utf-8")
    elif file.suffix == ".bz2":
        opened = bz2.open(file, "rt", encoding="utf-8")
    elif file.suffix == ".deflate":
        opened = _Inflated(file)
    elif file.suffix == ".zst" and pyarrow is not None:
        opened = _Decompressed(file)
    else:
        raise CannotRead(f"Cannot read {file}: its compression is unknown here. Decompress it, or write the output as Parquet.")
    with opened as text:
        for line in text:
            if line.strip():
                yield json.loads(line)


class _Whole:
    """A file that is decompressed at once: a shard is small."""

    def __init__(self, file):
        self.lines = self.decompressed(file).decode("utf-8").split("\n")

    def __enter__(self):
        return self.lines

    def __exit__(self, *_):
        self.lines = None


class _Inflated(_Whole):
    def decompressed(self, file):
        return zlib.decompress(file.read_bytes())


class _Decompressed(_Whole):
    def decompressed(self, file):
        with pyarrow.input_stream(str(file), compression="zstd") as stream:
            return stream.read()


def _words(value):
    if isinstance(value, str):
        return value.split()
    return list(value) if isinstance(value, (list, tuple)) else []


def _completion(row):
    """The text of a row in any of curate's forms: sft, chat, preference; a list of messages stands for its last one."""
    for name in ("completion", "chosen", "messages"):
        value = row.get(name)
        if isinstance(value, list):
            value = value[-1]["content"]
        if isinstance(value, str):
            return value.strip()
    return None


def _json(file):
    return json.loads(Path(file).read_text(encoding="utf-8"))
