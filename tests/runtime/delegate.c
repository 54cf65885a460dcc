/* A delegate for tests: takes no operator, tells which model it was offered, and can refuse.
 *
 * TensorFlow's wheel has no C headers of TensorFlow Lite, so what is needed of TfLiteDelegate and TfLiteContext
 * (tflite/core/c/common.h) is declared here; both are part of its stable ABI.
 *
 * Options: "log": a file that gets a line for each event. "refuse": "create" makes no delegate, "model" refuses every
 * model, "crash" ends the process when it is offered one.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int size;
  int data[];
} IntArray;

typedef struct Context {
  size_t tensors_size;
  int (*get_execution_plan)(struct Context *, IntArray **);
} Context;

typedef struct Delegate {
  void *data;
  int (*prepare)(Context *, struct Delegate *);
  void *copy_from_buffer_handle, *copy_to_buffer_handle, *free_buffer_handle;
  int64_t flags;
  void *opaque_builder;
  /* Ours. */
  char log[4096];
  char refuse[16];
} Delegate;

static void tell(const Delegate *delegate, const char *what, int number) {
  FILE *file = delegate->log[0] ? fopen(delegate->log, "a") : NULL;
  if (file) {
    fprintf(file, "%s %d\n", what, number);
    fclose(file);
  }
}

static int prepare(Context *context, Delegate *delegate) {
  IntArray *plan = NULL;
  if (context->get_execution_plan(context, &plan)) return 1;
  tell(delegate, "offered", plan->size);
  if (!strcmp(delegate->refuse, "crash")) raise(SIGSEGV);
  return !strcmp(delegate->refuse, "model");
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  Delegate *delegate = calloc(1, sizeof(Delegate));
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(keys[i], "log")) strncpy(delegate->log, values[i], sizeof delegate->log - 1);
    if (!strcmp(keys[i], "refuse")) strncpy(delegate->refuse, values[i], sizeof delegate->refuse - 1);
  }
  if (!strcmp(delegate->refuse, "create")) {
    if (report) report("no such device is connected");
    free(delegate);
    return NULL;
  }
  delegate->prepare = prepare;
  tell(delegate, "created with", (int)count);
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) {
  tell(delegate, "destroyed", 0);
  free(delegate);
}
