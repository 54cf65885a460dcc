"""Where frames come from: cameras and video files. OpenCV is imported, and programs are started, when one is opened.

>>> with edgekit.load("flowers.int8.tflite") as model, edgekit.camera.open_camera(0) as camera:
...     for result in model.classify_stream(camera, top=3):
...         print(result.predictions[0].name, f"{result.age_ms:.0f} ms ago")
"""

from edgekit.camera.frames import Frame, FrameSource
from edgekit.camera.opening import open_camera, open_video
from edgekit.errors import CameraError, NoCameraError

__all__ = ["CameraError", "Frame", "FrameSource", "NoCameraError", "open_camera", "open_video"]
