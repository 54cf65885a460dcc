/* Runs the compiled resize on what comes in on standard input, so that an emulated processor can do it. No library:
   one for another processor would take a minute to compile.
   In: eleven int32 (width, height, fx, fy, x.size, x.taps, y.size, y.taps, stride, swapped, scratch bytes), x.first,
   x.weights, y.first, y.weights as int32, then `height` rows of `stride` bytes. Out: y.size rows of 3 * x.size bytes. */

#include "resize.c"

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, EXIT = 60 };
static long call(long number, long a, long b, long c) {
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return number;
}
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, EXIT = 93 };
static long call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#elif defined(__arm__)
enum { READ = 3, WRITE = 4, EXIT = 1 };
static long call(long number, long a, long b, long c) {
    register long r7 __asm__("r7") = number, r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
}
#endif

static uint8_t memory[1 << 24];
static size_t used;

static void move(int number, int file, uint8_t *bytes, size_t size) {
    while (size) {
        const long done = call(number, file, (long)bytes, (long)size);
        if (done <= 0) call(EXIT, 2, 0, 0);
        bytes += done;
        size -= (size_t)done;
    }
}

static void *make(size_t size) {
    uint8_t *begin = memory + used;
    used += (size + 15) / 16 * 16;
    if (used > sizeof memory) call(EXIT, 3, 0, 0);
    return begin;
}

static void *take(size_t size) {
    uint8_t *bytes = make(size);
    move(READ, 0, bytes, size);
    return bytes;
}

__attribute__((used)) static void run(void) {
    const int32_t *head = take(11 * sizeof(int32_t));
    struct plan plan = {head[0], head[1], head[2], head[3], {head[4], head[5], 0, 0}, {head[6], head[7], 0, 0}};
    plan.x.first = take((size_t)plan.x.size * 4);
    plan.x.weights = take((size_t)(plan.x.size * plan.x.taps) * 4);
    plan.y.first = take((size_t)plan.y.size * 4);
    plan.y.weights = take((size_t)(plan.y.size * plan.y.taps) * 4);
    const uint8_t *pixels = take((size_t)(plan.height * head[8]));
    const size_t bytes = (size_t)(plan.y.size * plan.x.size * CHANNELS);
    uint8_t *out = make(bytes), *scratch = make((size_t)head[10]);
    edgekit_resize(&plan, pixels, head[8], head[9], scratch, out, (ptrdiff_t)plan.x.size * CHANNELS);
    move(WRITE, 1, out, bytes);
    call(EXIT, 0, 0, 0);
}

/* The system calls it without the return address that a function expects, so the stack is set right first. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n and $-16, %rsp\n call run\n");
#else
__asm__(".globl _start\n_start:\n bl run\n");
#endif
