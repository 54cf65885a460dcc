// Pixels of pictures that are translucent. A 2D canvas keeps colours multiplied with alpha, which loses most of what
// faint pixels had; WebGL takes them and gives them back as they are.

let gl: WebGL2RenderingContext | null | undefined;

/**
 * RGB and alpha of a picture, not premultiplied.
 *
 * @returns `null` where there is no WebGL, or the picture is too large for it.
 */
export function readTranslucent(
  source: ImageBitmap | VideoFrame,
  width: number,
  height: number,
): Uint8ClampedArray<ArrayBuffer> | null {
  if (gl === undefined || gl?.isContextLost()) gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
  const texture = gl.createTexture();
  const frame = gl.createFramebuffer();
  try {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE) return null;
    const data = new Uint8ClampedArray(width * height * 4);
    // As bytes: WebGL takes no clamped array.
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(data.buffer));
    return gl.getError() === gl.NO_ERROR ? data : null;
  } finally {
    gl.deleteFramebuffer(frame);
    gl.deleteTexture(texture);
  }
}

/** Whether a pixel is not fully opaque. */
export function isTranslucent(rgba: Uint8ClampedArray<ArrayBuffer>): boolean {
  for (let place = 3; place < rgba.length; place += 4) if (rgba[place] !== 255) return true;
  return false;
}
