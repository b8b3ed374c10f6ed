#!/usr/bin/env bash
# Executes the notebooks top to bottom into target/notebooks, and fails if a cell does: notebooks/run.sh [--pictures]
# They read what FORESIGHT_RUN, FORESIGHT_EVALUATION and FORESIGHT_CURATED name; what is not given is made of the example
# prompts, in a minute. --pictures writes those that the pages show, docs/notebook-*.png. PYTHON chooses the interpreter.
set -euo pipefail

home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
made="$home/target/notebooks"
case "${1-}" in
  "") ;;
  --pictures) export FORESIGHT_PICTURES="$home/docs" ;;
  *)
    echo "Cannot run notebooks with $1: there is no such option. Usage: notebooks/run.sh [--pictures]" >&2
    exit 2
    ;;
esac

# python3 may be another than the one that Debian's packages are for.
has_modules() {
  command -v "$1" >/dev/null && "$1" -c 'import ipykernel, jinja2, matplotlib, nbconvert, nbformat, pandas' 2>/dev/null
}
python=
for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
  if has_modules "$candidate"; then
    python=$candidate
    break
  fi
done
if [[ -z $python ]]; then
  echo "Cannot run notebooks: ${PYTHON:-python3} lacks pandas, matplotlib, nbconvert or ipykernel." \
    "Install python3-pandas, python3-matplotlib, jupyter-nbconvert and python3-ipykernel, or pip install -r notebooks/requirements.txt." >&2
  exit 3
fi

mkdir -p "$made"
absolute() {
  local folder
  folder=$(cd "$1" 2>/dev/null && pwd) || {
    echo "Cannot read $1: there is no such folder. Name what a job wrote, or nothing." >&2
    exit 3
  }
  echo "$folder"
}
# JSONL, which both ways of reading read.
submit() {
  "$home/submit.sh" "$@" --overwrite --set output.format=jsonl >"$made/said" 2>&1 || {
    cat "$made/said" >&2
    exit 1
  }
}
if [[ -z ${FORESIGHT_RUN:-} ]]; then
  FORESIGHT_RUN="$made/run"
  submit generate --limit 20 --output "$FORESIGHT_RUN"
fi
if [[ -z ${FORESIGHT_EVALUATION:-} ]]; then
  FORESIGHT_EVALUATION="$made/evaluated"
  submit evaluate --input "$home/examples/prompts.jsonl" --input "$home/examples/hard-prompts.jsonl" --limit 10 \
    --strategies greedy,cdsl,cdsl-tree --output "$FORESIGHT_EVALUATION"
fi
if [[ -z ${FORESIGHT_CURATED:-} ]]; then
  FORESIGHT_CURATED="$made/curated"
  # Parquet, which is what runs are if nothing else is asked for.
  "$home/submit.sh" generate --limit 20 --output "$made/samples" --overwrite --set decoding.strategy=best-of-n \
    --set decoding.outputs=all >"$made/said" 2>&1 || {
    cat "$made/said" >&2
    exit 1
  }
  submit curate --input "$made/samples" --output "$FORESIGHT_CURATED"
fi
FORESIGHT_RUN=$(absolute "$FORESIGHT_RUN")
FORESIGHT_EVALUATION=$(absolute "$FORESIGHT_EVALUATION")
FORESIGHT_CURATED=$(absolute "$FORESIGHT_CURATED")
export FORESIGHT_RUN FORESIGHT_EVALUATION FORESIGHT_CURATED

cd "$home/notebooks"
export PYTHONDONTWRITEBYTECODE=1 PYDEVD_DISABLE_FILE_VALIDATION=1 MPLCONFIGDIR="$made/matplotlib" IPYTHONDIR="$made/ipython"
# The kernel is this interpreter, whatever kernel of that name someone has installed elsewhere.
export JUPYTER_DATA_DIR="$made/jupyter" JUPYTER_CONFIG_DIR="$made/jupyter"
mkdir -p "$JUPYTER_DATA_DIR/kernels/python3"
printf '{"argv": ["%s", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Python 3", "language": "python"}\n' \
  "$(command -v "$python")" >"$JUPYTER_DATA_DIR/kernels/python3/kernel.json"
"$python" -m unittest -q test_foresight_rows
for notebook in *.ipynb; do
  "$python" -m nbconvert --log-level=ERROR --to html --execute --ExecutePreprocessor.timeout=300 --output-dir "$made" "$notebook"
  echo "Executed $notebook: $made/${notebook%.ipynb}.html"
done
