// A small, bounds-checked reader of FlatBuffers, as edgekit/tflite/flatbuffer.py: one error for every offset that leads
// nowhere, and a limit on tables, since offsets may point anywhere forward and a few bytes could name the same one
// thousands of times.
import { EdgeKitError } from "../errors.ts";

/** The default of `flatbuffers::Verifier`. */
const MAX_TABLES = 1_000_000;
/** Bytes: the offset that names it and the one to its vtable, which tables may share. */
const SMALLEST_TABLE = 8;

/** One table. A field that the file does not hold has its default: 0, "", an empty array or `null`. */
export interface Table {
  int8(field: number): number;
  uint32(field: number): number;
  string(field: number): string;
  /** The bytes of a vector of bytes, in the file's own memory. */
  bytes(field: number): Uint8Array;
  int32s(field: number): number[];
  /** Beyond 2^53 not exact. */
  int64s(field: number): number[];
  floats(field: number): number[];
  table(field: number): Table | null;
  tables(field: number): Table[];
}

/**
 * The root table.
 *
 * @param data - the bytes; anything after the FlatBuffer is ignored.
 * @param subject - the beginning of an error's sentence, as in `x.tflite is not a sound TFLite model`.
 * @throws EdgeKitError - here and from every method: an offset leaves the data.
 */
export function openFlatbuffer(data: Uint8Array, subject: string): Table {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let tablesLeft = Math.min(MAX_TABLES, Math.floor(data.length / SMALLEST_TABLE));

  const fail = (reason: string): never => {
    throw new EdgeKitError(`${subject} (${reason}). Download it or export it again.`);
  };
  const check = (position: number, size: number): number =>
    position >= 0 && position + size <= data.length
      ? position
      : fail(`offset ${position} lies outside of its ${data.length} bytes; the file may be cut short`);
  const uint16 = (position: number) => view.getUint16(check(position, 2), true);
  const uint32 = (position: number) => view.getUint32(check(position, 4), true);
  const vector = (position: number, itemSize: number): [number, number] => {
    const length = uint32(position);
    if (position + 4 + length * itemSize > data.length) {
      fail(`a list of ${length} items at offset ${position} does not fit; the file may be cut short`);
    }
    return [position + 4, length];
  };

  const openTable = (position: number): Table => {
    if (--tablesLeft < 0) fail("it names more tables than it has room for");
    const vtable = position - view.getInt32(check(position, 4), true);
    const vtableSize = uint16(vtable);
    check(vtable, vtableSize);
    const place = (field: number): number | null => {
      const entry = 4 + 2 * field;
      const offset = entry + 2 <= vtableSize ? uint16(vtable + entry) : 0;
      return offset ? position + offset : null;
    };
    const target = (field: number): number | null => {
      const at = place(field);
      return at === null ? null : at + uint32(at);
    };
    const bytes = (field: number): Uint8Array => {
      const at = target(field);
      if (at === null) return new Uint8Array();
      const [start, length] = vector(at, 1);
      return data.subarray(start, start + length);
    };
    const list = <T>(field: number, itemSize: number, read: (at: number) => T): T[] => {
      const at = target(field);
      if (at === null) return [];
      const [start, length] = vector(at, itemSize);
      // No list of a shape, of scales or of names is longer; those of a hostile file may overlap.
      if (length > MAX_TABLES) fail(`it has a list of ${length} items`);
      return Array.from({ length }, (_, index) => read(start + index * itemSize));
    };
    return {
      int8: (field) => {
        const at = place(field);
        return at === null ? 0 : view.getInt8(check(at, 1));
      },
      uint32: (field) => {
        const at = place(field);
        return at === null ? 0 : uint32(at);
      },
      // Bytes that are not UTF-8 become U+FFFD: a broken name must not hide the rest of a model.
      string: (field) => new TextDecoder().decode(bytes(field)),
      bytes,
      int32s: (field) => list(field, 4, (at) => view.getInt32(at, true)),
      int64s: (field) => list(field, 8, (at) => Number(view.getBigInt64(at, true))),
      floats: (field) => list(field, 4, (at) => view.getFloat32(at, true)),
      table: (field) => {
        const at = target(field);
        return at === null ? null : openTable(at);
      },
      tables: (field) => list(field, 4, (at) => openTable(at + uint32(at))),
    };
  };
  return openTable(uint32(0));
}
