/* Steps 4 and 5 of edgekit.preprocess for arrays of three 8-bit channels: Pillow's reduce() and resize(), row by row.

   Integer arithmetic throughout, so every processor gives the same bytes. Pillow keeps three channels in four
   bytes, so that an array has to be packed and unpacked, and holds an image of every step; here a row goes through
   all steps while it is in the cache. The tables come from edgekit/preprocess/triangle.py. No library is needed. */

#include <stddef.h>
#include <stdint.h>

enum { CHANNELS = 3, BITS = 22, HALF = 1 << (BITS - 1), MOST_TAPS = 8 };

#define INLINE static inline __attribute__((always_inline))

/* One direction of the resize: out value i is the sum over k < taps of weights[i * taps + k] * in[first[i] + k]. */
struct axis {
    int32_t size; /* that comes out */
    int32_t taps; /* 1..MOST_TAPS */
    const int32_t *first;
    const int32_t *weights; /* not negative; those of one value sum up to about 2^BITS */
};

struct plan {
    int32_t width, height; /* of the part of the array that is used */
    int32_t fx, fy;        /* pixels that are averaged first; fy <= 257 and fx * fy <= 65536 */
    struct axis x, y;      /* from the means */
};

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t ints4 __attribute__((vector_size(16)));

/* A row of means, of blocks of fx by `rows` pixels. */
INLINE void average(const uint8_t *in, ptrdiff_t stride, int width, int fx, int rows, uint16_t *restrict sums,
                    uint8_t *restrict out) {
    const int count = width * CHANNELS;
    if (rows == 1)
        for (int i = 0; i < count; i++) sums[i] = in[i];
    else
        for (int i = 0; i < count; i++) sums[i] = (uint16_t)(in[i] + in[i + stride]);
    for (int row = 2; row < rows; row++) {
        const uint8_t *line = in + row * stride;
        for (int i = 0; i < count; i++) sums[i] = (uint16_t)(sums[i] + line[i]);
    }
    if (fx == 1 && rows == 1) {
        for (int i = 0; i < count; i++) out[i] = (uint8_t)sums[i];
        return;
    }
    if (fx == 2 && rows == 2 && width % 2 == 0) { /* what a camera's frame needs most often */
        for (int block = 0; block < width / 2; block++)
            for (int c = 0; c < CHANNELS; c++)
                out[block * CHANNELS + c] =
                    (uint8_t)((sums[block * 2 * CHANNELS + c] + sums[(block * 2 + 1) * CHANNELS + c] + 2) >> 2);
        return;
    }
    for (int x = 0; x < width; x += fx, out += CHANNELS) {
        const int columns = width - x < fx ? width - x : fx;
        const uint32_t pixels = (uint32_t)(columns * rows), scale = (1u << 24) / pixels;
        for (int c = 0; c < CHANNELS; c++) {
            uint32_t sum = pixels / 2;
            for (int column = 0; column < columns; column++) sum += sums[(x + column) * CHANNELS + c];
            out[c] = (uint8_t)((sum * scale) >> 24);
        }
    }
}

INLINE void swap_red_and_blue(uint8_t *row, int width) {
    for (int x = 0; x < width; x++, row += CHANNELS) {
        const uint8_t first = row[0];
        row[0] = row[2];
        row[2] = first;
    }
}

/* A pixel is read and written as four bytes; the fourth is the next one's first, or unused space after the row. */
INLINE void resize_row_by(int taps, const uint8_t *in, const struct axis *x, uint8_t *out) {
    const int32_t *weights = x->weights;
    for (int i = 0; i < x->size; i++, weights += taps, out += CHANNELS) {
        const uint8_t *pixel = in + CHANNELS * x->first[i];
        ints4 sum = {HALF, HALF, HALF, HALF};
        for (int k = 0; k < taps; k++) {
            bytes4 channels;
            __builtin_memcpy(&channels, pixel + CHANNELS * k, sizeof channels);
            sum += __builtin_convertvector(channels, ints4) * weights[k];
        }
        const bytes4 result = __builtin_convertvector(sum >> BITS, bytes4);
        __builtin_memcpy(out, &result, sizeof result);
    }
}

INLINE void blend_rows_by(int taps, const uint8_t *const *rows, const int32_t *weights, int count,
                          uint8_t *restrict out) {
    const uint8_t *lines[MOST_TAPS];
    int32_t shares[MOST_TAPS];
    for (int k = 0; k < taps; k++) lines[k] = rows[k], shares[k] = weights[k];
    for (int i = 0; i < count; i++) {
        int32_t sum = HALF;
        for (int k = 0; k < taps; k++) sum += lines[k][i] * shares[k];
        out[i] = (uint8_t)(sum >> BITS);
    }
}

/* The usual numbers of taps are unrolled. */
#define BY_TAPS(taps, function, ...)                       \
    switch (taps) {                                        \
        case 2: function(2, __VA_ARGS__); break;           \
        case 3: function(3, __VA_ARGS__); break;           \
        case 4: function(4, __VA_ARGS__); break;           \
        default: function((taps), __VA_ARGS__);            \
    }

INLINE void resize(const struct plan *plan, const uint8_t *pixels, ptrdiff_t stride, int swapped, uint8_t *scratch,
                   uint8_t *out, ptrdiff_t out_stride) {
    const struct axis *x = &plan->x, *y = &plan->y;
    const int means_width = (plan->width + plan->fx - 1) / plan->fx, ring_stride = x->size * CHANNELS + 1;
    uint16_t *sums = (uint16_t *)scratch;
    uint8_t *means = scratch + (ptrdiff_t)plan->width * CHANNELS * 2;
    uint8_t *ring = means + means_width * CHANNELS + 1; /* the last rows that were resized, as many as are blended */
    const int32_t *weights = y->weights;
    for (int i = 0, done = 0; i < y->size; i++, weights += y->taps, out += out_stride) {
        const int first = y->first[i];
        for (; done < first + y->taps; done++) {
            const int top = done * plan->fy, left = plan->height - top;
            average(pixels + top * stride, stride, plan->width, plan->fx, left < plan->fy ? left : plan->fy, sums, means);
            if (swapped) swap_red_and_blue(means, means_width);
            BY_TAPS(x->taps, resize_row_by, means, x, ring + done % y->taps * ring_stride)
        }
        const uint8_t *rows[MOST_TAPS];
        for (int k = 0; k < y->taps; k++) rows[k] = ring + (first + k) % y->taps * ring_stride;
        BY_TAPS(y->taps, blend_rows_by, rows, weights, x->size * CHANNELS, out)
    }
}

#define VARIANT(name)                                                                                           \
    static void name(const struct plan *plan, const uint8_t *pixels, ptrdiff_t stride, int swapped,             \
                     uint8_t *scratch, uint8_t *out, ptrdiff_t out_stride) {                                    \
        resize(plan, pixels, stride, swapped, scratch, out, out_stride);                                        \
    }

#if defined(__x86_64__)
#include <cpuid.h>

VARIANT(resize_baseline)
__attribute__((target("sse4.1"))) VARIANT(resize_sse41)
__attribute__((target("avx2"))) VARIANT(resize_avx2)

/* 0, 1 for SSE 4.1, 2 for AVX2 whose registers the system saves (Intel's manual, volume 1, 14.7.1). */
static int level(void) {
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1)) return 0;
    if ((c & (bit_OSXSAVE | bit_AVX)) != (bit_OSXSAVE | bit_AVX)) return 1;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 1;
    return b & bit_AVX2 ? 2 : 1;
}
#else
VARIANT(resize_baseline)
#endif

/* pixels: the first byte of the part that is used; stride: bytes from row to row; swapped: its channels are BGR;
   scratch: 2-aligned, of 6 * width + 3 * (means' width) + 1 + y.taps * (3 * x.size + 1) + 3 bytes;
   out: y.size rows of 3 * x.size bytes, RGB. */
__attribute__((visibility("default"))) void edgekit_resize(const struct plan *plan, const uint8_t *pixels, ptrdiff_t stride, int swapped, uint8_t *scratch,
                    uint8_t *out, ptrdiff_t out_stride) {
#if defined(__x86_64__)
    static int known = -1; /* threads that look at the same time find the same */
    int best = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (best < 0) __atomic_store_n(&known, best = level(), __ATOMIC_RELAXED);
    if (best == 2) {
        resize_avx2(plan, pixels, stride, swapped, scratch, out, out_stride);
        return;
    }
    if (best == 1) {
        resize_sse41(plan, pixels, stride, swapped, scratch, out, out_stride);
        return;
    }
#endif
    resize_baseline(plan, pixels, stride, swapped, scratch, out, out_stride);
}
