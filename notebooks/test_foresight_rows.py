"""Tests of foresight_rows, and of how the notebooks are committed. Those of Parquet need pyarrow."""

import gzip
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nbformat

import foresight_rows
from foresight_rows import CannotRead, Curated, Run

ROWS = [
    {"id": "b", "concepts": ["dog", "run"], "output": "A dog.", "reward": 0.5, "satisfied": False, "status": "unsatisfied",
     "constraint_scores": {"concepts": 0.5, "concepts.dog": 1.0, "concepts.run": 0.0}, "error": None, "error_kind": None,
     "tokens": 3, "log_prob": -1.5, "counters": {"target_forwards": 3, "drafted": 4, "accepted": 1}},
    {"id": "a", "concepts": ["cat"], "output": "A cat\u2028<b>sat</b>.", "reward": 1.0, "satisfied": True, "status": "ok",
     "constraint_scores": {"concepts": 1.0, "concepts.cat": 1.0}, "error": None, "error_kind": None,
     "tokens": 5, "log_prob": -2.5, "counters": {"target_forwards": 5, "drafted": 0, "accepted": 0}},
    {"id": "c", "concepts": [], "output": None, "reward": None, "satisfied": None, "status": "error", "constraint_scores": None,
     "error": "no concepts", "error_kind": "prompt", "tokens": None, "log_prob": None, "counters": None},
]


class Written(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name) / "run"

    def write(self, rows=ROWS, name="part-00000.json", folder=None, state="finished", job="generate", **info):
        folder = folder or self.folder
        (folder / "_foresight" / "rows").mkdir(parents=True, exist_ok=True)
        (folder / "_foresight" / "rows" / "shard-00000.parquet").write_bytes(b"no rows of the output")
        told = {"job": job, "state": state, "settings": {"output": {"prefix": ""}}, "summary": {}, **info}
        (folder / "_foresight" / "run.json").write_text(json.dumps(told))
        (folder / "_SUCCESS").touch()
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        if name.endswith(".gz"):
            (folder / name).write_bytes(gzip.compress(lines.encode()))
        elif name.endswith(".json"):
            (folder / name).write_text(lines, encoding="utf-8")
        return folder


class RowsTest(Written):
    def test_rows_of_lines_are_in_the_order_of_ids(self):
        rows = Run(self.write()).rows()
        self.assertEqual(list(rows["id"]), ["a", "b", "c"])
        self.assertEqual(list(rows["n_concepts"]), [1, 2, 0])
        self.assertEqual(rows["text"][0], "A cat\u2028<b>sat</b>.")
        self.assertEqual(list(rows["satisfied"].notna()), [True, True, False])

    def test_compressed_lines_are_the_same(self):
        plain = Run(self.write()).rows()
        other = Run(self.write(name="part-00000.json.gz", folder=self.folder.parent / "gz")).rows()
        self.assertEqual(plain.to_json(), other.to_json())

    def test_an_unknown_compression_is_named(self):
        self.write(name="none")
        (self.folder / "part-00000.json.lz4").write_bytes(b"?")
        with self.assertRaisesRegex(CannotRead, "lz4"):
            Run(self.folder).rows()

    @unittest.skipIf(foresight_rows.pyarrow is None, "pyarrow is not installed")
    def test_parquet_and_lines_give_the_same_rows(self):
        import pyarrow as pa
        lines = Run(self.write()).rows()
        kinds = {"constraint_scores": pa.map_(pa.string(), pa.float64())}
        table = pa.table({name: pa.array([list(row[name].items()) if name in kinds and row[name] else row[name] for row in ROWS],
                                         kinds.get(name)) for name in ROWS[0]})
        folder = self.write(name="none", folder=self.folder.parent / "parquet")
        pa.parquet.write_table(table, folder / "part-00000.snappy.parquet")
        parquet = Run(folder).rows()
        self.assertEqual(list(lines.columns), list(parquet.columns))
        self.assertEqual(lines.to_json(), parquet.to_json())

    def test_parquet_without_pyarrow_says_what_to_do(self):
        self.write(name="none")
        (self.folder / "part-00000.snappy.parquet").write_bytes(b"PAR1")
        with mock.patch.object(foresight_rows, "pyarrow", None), self.assertRaisesRegex(CannotRead, "pyarrow.*output.format=jsonl"):
            Run(self.folder).rows()

    def test_a_run_that_is_not_finished_is_refused(self):
        with self.assertRaisesRegex(CannotRead, "running, not finished"):
            Run(self.write(state="running"))

    def test_a_prefix_is_taken_off_and_the_inputs_column_put_aside(self):
        rows = [{"id": "a", "output": "theirs", "reward": 0.0, "judge_reward": 1.0, "judge_satisfied": True}]
        read = Run(self.write(rows, job="score", text="output", settings={"output": {"prefix": "judge_"}})).rows()
        self.assertEqual((read["reward"][0], read["input_reward"][0], read["text"][0], read["status"][0]), (1.0, 0.0, "theirs", "ok"))

    def test_scores_status_follows_error_and_satisfied(self):
        rows = [{"id": "a", "t": "x", "satisfied": True}, {"id": "b", "t": "y", "satisfied": False},
                {"id": "c", "t": None, "satisfied": None, "error": "no text"}, {"id": "d", "t": "z", "satisfied": None}]
        self.assertEqual(list(Run(self.write(rows, job="score", text="t")).rows()["status"]), ["ok", "unsatisfied", "error", "ok"])

    def test_columns_of_other_names(self):
        settings = {"output": {"prefix": ""}, "input": {"columns": {"id": "key", "concepts": "words"}}}
        read = Run(self.write([{"key": "a", "words": "dog run"}], settings=settings)).rows()
        self.assertEqual((read["id"][0], read["concepts"][0]), ("a", ["dog", "run"]))


class FindingTest(Written):
    def test_the_newest_finished_run_below_output(self):
        home = self.folder.parent
        for name, state, age in (("old", "finished", 100), ("new", "finished", 200), ("unfinished", "running", 300)):
            os.utime(self.write(folder=home / "output" / name, state=state), (age, age))
        with mock.patch.object(foresight_rows, "HOME", home), mock.patch.dict(os.environ):
            os.environ.pop("FORESIGHT_RUN", None)
            self.assertEqual(foresight_rows.find_run().folder.name, "new")
            os.environ["FORESIGHT_RUN"] = "output/old"
            self.assertEqual(foresight_rows.find_run().folder.name, "old")
            os.environ["FORESIGHT_RUN"] = "output/unfinished"
            with self.assertRaisesRegex(CannotRead, "not finished"):
                foresight_rows.find_run()
            os.environ["FORESIGHT_RUN"] = "output/nowhere"
            with self.assertRaisesRegex(CannotRead, "it is no run"):
                foresight_rows.find_run()

    def test_nothing_to_find_names_the_variable(self):
        with mock.patch.object(foresight_rows, "HOME", self.folder), mock.patch.dict(os.environ):
            os.environ.pop("FORESIGHT_CURATED", None)
            with self.assertRaisesRegex(CannotRead, "FORESIGHT_CURATED"):
                foresight_rows.find_curated()


class FiguresTest(Written):
    def test_missing_words(self):
        words = foresight_rows.missing_words(Run(self.write()).rows())
        self.assertEqual(words.values.tolist(), [["a", "cat", True], ["b", "dog", True], ["b", "run", False]])

    def test_shares_are_of_judged_rows_with_wilsons_interval(self):
        table = foresight_rows.shares(Run(self.write()).rows(), "n_concepts")
        self.assertEqual(table[["n_concepts", "rows", "satisfied"]].values.tolist(), [[1, 1, 1.0], [2, 1, 0.0]])
        low, high = foresight_rows.interval(8, 10)  # Wilson 1927: 0.4902 to 0.9433
        self.assertAlmostEqual(low, 0.4902, places=4)
        self.assertAlmostEqual(high, 0.9433, places=4)

    def test_whiskers_are_never_negative(self):
        self.assertEqual(foresight_rows.whiskers(1.0, 0.5, 1.0 - 1e-16), [[0.5], [0.0]])
        self.assertEqual(foresight_rows.whiskers([1.0, 0.5], [0.5, 0.5], [0.9, 0.75]), [[0.5, 0.0], [0.0, 0.25]])
        self.assertIsNone(foresight_rows.whiskers(1.0, None, None))

    def test_counters(self):
        counters = foresight_rows.counters(Run(self.write()).rows())
        self.assertEqual((counters["drafted"].sum(), counters["accepted"].sum(), counters["drafted"].isna().sum()), (4, 1, 1))

    def test_texts_are_not_markup(self):
        shown = foresight_rows.table(Run(self.write()).rows()[["text", "concepts"]]).to_html()
        self.assertNotIn("<b>", shown)
        self.assertIn("&lt;b&gt;sat", shown)


class CuratedTest(Written):
    def test_texts_of_all_forms(self):
        for row in ({"prompt": "p", "completion": " A dog."}, {"prompt": [], "completion": [{"role": "assistant", "content": "A dog."}]},
                    {"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "A dog."}]},
                    {"prompt": "p", "chosen": "A dog.", "rejected": "A"}):
            self.write([row], folder=self.folder / "train", name="part-00000-of-00001.json")
            (self.folder / "_SUCCESS").touch()
            (self.folder / "curation.json").write_text(json.dumps({"splits": {"train": {"rows": 1}}}))
            self.assertEqual(Curated(self.folder).rows()["text"].tolist(), ["A dog."])


class CommittedTest(unittest.TestCase):
    def test_notebooks_are_valid_and_without_outputs(self):
        notebooks = sorted(Path(__file__).parent.glob("*.ipynb"))
        self.assertEqual([file.stem for file in notebooks], ["compare_variants", "curated_set", "explore_run"])
        for file in notebooks:
            notebook = nbformat.read(file, as_version=4)
            nbformat.validate(notebook)
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    compile(cell.source.replace("%matplotlib inline", ""), file.name, "exec")
                    self.assertEqual((cell.outputs, cell.execution_count), ([], None), f"{file.name}: clear the outputs before a commit")
                    self.assertNotRegex(cell.source, r"display\([^)]*\.style", f"{file.name}: show tables by foresight_rows.table")


if __name__ == "__main__":
    unittest.main()
