#!/bin/sh
# One stage, or all in order, each going on from its checkpoint:
#
#   tools/train_mini/train.sh data vae
#   tools/train_mini/train.sh                  # everything: hours on two cores, minutes on a GPU
#
# Run from the root of the repository. PYTHON names an interpreter with requirements.txt installed; STYLUS_MINI_WORK a
# folder for data, checkpoints and logs (default build/train_mini); THREADS the CPU threads a stage may use (default 1);
# JOBS how many adapters are trained side by side (default 1); BASE_OPTIONS more options for base.py.
set -eu

export STYLUS_MINI_WORK="${STYLUS_MINI_WORK:-build/train_mini}"
export HF_HUB_OFFLINE=1
here=tools/train_mini
python="${PYTHON:-python3}"
threads="${THREADS:-1}"

run() {
  script="$1"
  shift
  "$python" -W ignore "$here/$script.py" "$@"
}

stage() {
  case "$1" in
    data)
      run fetch "$STYLUS_MINI_WORK/emoji"
      run data png "$STYLUS_MINI_WORK/emoji"
      run splits
      run tokenizer
      ;;
    vae)
      run vae --threads "$threads"
      run gates vae
      run export vae
      ;;
    base)
      # shellcheck disable=SC2086  # several options
      run base --threads "$threads" ${BASE_OPTIONS:-}
      run export base
      run base_gates
      ;;
    mini_clip)
      run mini_clip train --threads "$threads"
      run mini_clip report
      run mini_clip export
      run mini_reference
      run base_gates --judge clip
      ;;
    lora)
      run lora list | xargs -P "${JOBS:-1}" -I NAME "$python" -W ignore "$here/lora.py" NAME --threads "$threads"
      run adapter_previews
      run adapter_gates --sheets "$STYLUS_MINI_WORK/sheets"
      ;;
    *)
      echo "unknown stage '$1'; there are data, vae, base, mini_clip, lora" >&2
      exit 2
      ;;
  esac
}

if [ $# -eq 0 ]; then
  set -- data vae base mini_clip lora
fi
for name in "$@"; do
  stage "$name"
done
