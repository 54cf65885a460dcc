/** EdgeKit's version, edgekit/version.py; a test holds them together. */
export const VERSION = "0.1.0";
