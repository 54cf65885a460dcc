/** TensorFlow's dtypes in TensorFlow.js, which has no integers but int32. */
export const DTYPES: Readonly<Record<string, string>> = {
  DT_FLOAT: "float32",
  DT_HALF: "float32",
  DT_DOUBLE: "float32",
  DT_INT32: "int32",
  DT_INT64: "int32",
  DT_INT16: "int32",
  DT_INT8: "int32",
  DT_UINT8: "int32",
  DT_BOOL: "bool",
};
