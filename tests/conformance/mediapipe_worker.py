"""MediaPipe's image classifier as a process that answers JSON lines; runs with MediaPipe's packages, not EdgeKit's.

A line in is a list, a command and its arguments; a line out is the answer:

    ["load", "model.tflite", 5]     how many seconds importing MediaPipe and loading took
    ["photo", "pixels.npy"]         remembers (h, w, 3) uint8
    ["classify"]                    the best classes, best first: [index, name, score] of each
    ["time", 20]                    nanoseconds of each of 20 calls, from the array to the classes
    ["memory"]                      bytes of physical memory that the process had at its peak
"""

import json
import os
import sys
import time

import numpy as np


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # MediaPipe's own notes
    classifier = pixels = images = None
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        answer: object = None
        if command == "load":
            start = time.perf_counter()
            import mediapipe as images
            from mediapipe.tasks.python import BaseOptions, vision

            options = vision.ImageClassifierOptions(
                base_options=BaseOptions(model_asset_path=arguments[0]), max_results=arguments[1]
            )
            try:
                classifier = vision.ImageClassifier.create_from_options(options)
                answer = time.perf_counter() - start
            except (RuntimeError, ValueError) as error:
                answer = str(error)
        elif command == "photo":
            pixels = np.load(arguments[0])
        elif command == "memory":
            with open("/proc/self/status") as status:
                answer = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
        else:
            times = []
            for _ in range(arguments[0] if arguments else 1):
                start = time.perf_counter_ns()
                found = classifier.classify(images.Image(image_format=images.ImageFormat.SRGB, data=pixels))
                times.append(time.perf_counter_ns() - start)
            categories = found.classifications[0].categories
            best = [[category.index, category.category_name, category.score] for category in categories]
            answer = times if command == "time" else best
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
