/* A stand-in for Coral's libedgetpu: the same functions, the same custom operator, no chip.
 *
 * It claims every `edgetpu-custom-op` of a model, one kernel each, in the way of libedgetpu's own
 * edgetpu_delegate_for_custom_op.cc, and fills every output byte in a way that a test can compute:
 *
 *     out[i] = (7 * i + 31 * n + 13 * (sum of all input bytes) + the seed) mod 256      n: which output
 *
 * It says of itself that it is none (edgekit_simulates), which EdgeKit shows in every result.
 *
 * TensorFlow's wheel has no C headers of TensorFlow Lite, so what is needed of tflite/core/c/common.h is declared here.
 * With -DREGISTRATION=1 it has TfLiteRegistration as it was in TensorFlow 2.5 (TfLiteRegistration_V1 in that header),
 * with which Google's last build of libedgetpu was made: that struct is passed by value, so a newer interpreter reads
 * what happens to lie behind it.
 *
 * -DSTATE="...": "" works; "no device" and "crash" at the creation of the delegate, "hang" there; "old" refuses
 * models at their preparation, as a runtime that is older than the model's compiler; "lost" fails at each run, "abort"
 * ends the process there with libedgetpu's last words.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef REGISTRATION
#define REGISTRATION 4
#endif
#ifndef STATE
#define STATE ""
#endif

typedef struct {
  int size;
  int data[];
} IntArray;

typedef struct {
  int type;
  void *data;
  IntArray *dims;
  struct {
    float scale;
    int32_t zero_point;
  } params;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  struct Delegate *delegate;
  int buffer_handle;
  bool data_is_stale, is_variable;
  struct {
    int type;
    void *params;
  } quantization;
  void *sparsity;
  const IntArray *dims_signature;
} Tensor;

typedef struct {
  IntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data, *builtin_data;
  const void *custom_initial_data;
  int custom_initial_data_size;
  struct Delegate *delegate;
  bool might_have_side_effect;
} Node;

typedef struct Context Context;

typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  int (*prepare)(Context *, Node *);
  int (*invoke)(Context *, Node *);
  const char *(*profiling_string)(const Context *, const Node *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
#if REGISTRATION > 1
  void *registration_external;
  void *async_kernel;
  uint64_t inplace_operator;
#endif
} Registration;

struct Context {
  size_t tensors_size;
  int (*get_execution_plan)(Context *, IntArray **);
  Tensor *tensors;
  void *impl;
  void *resize_tensor;
  void (*report_error)(Context *, const char *, ...);
  void *add_tensors;
  int (*get_node_and_registration)(Context *, int, Node **, Registration **);
  int (*replace_node_subsets)(Context *, Registration, const IntArray *, struct Delegate *);
};

typedef struct {
  struct Delegate *delegate;
  IntArray *nodes_to_replace, *input_tensors, *output_tensors;
} DelegateParams;

typedef struct Delegate {
  void *data;
  int (*prepare)(Context *, struct Delegate *);
  void *copy_from_buffer_handle, *copy_to_buffer_handle, *free_buffer_handle;
  int64_t flags;
  void *opaque_builder;
  /* Ours. */
  unsigned seed;
} Delegate;

typedef struct {
  int type; /* 0 PCIe, 1 USB */
  const char *path;
} Device;

static bool is(const char *state) { return !strcmp(STATE, state); }

static void *kernel_init(Context *context, const char *buffer, size_t length) {
  (void)context, (void)length;
  return ((const DelegateParams *)buffer)->delegate;
}

static int kernel_prepare(Context *context, Node *node) {
  (void)node;
  if (is("old")) {
    context->report_error(context, "Failed to prepare for TPU. %s",
                          "Failed precondition: Package requires runtime version (14), which is newer than this "
                          "runtime version (12).");
    return 1;
  }
  return 0;
}

static int kernel_invoke(Context *context, Node *node) {
  unsigned sum = ((Delegate *)node->user_data)->seed;
  if (is("lost")) {
    context->report_error(context, "Failed to execute request. Deadline exceeded: USB transfer error 2 [LibUsbDataOutCallback]");
    return 1;
  }
  if (is("abort")) {
    fprintf(stderr, "F driver/usb/usb_driver.cc:857] transfer on tag 2 failed. Abort. Deadline exceeded: USB transfer error 2\n");
    abort();
  }
  for (int i = 0; i < node->inputs->size; i++) {
    const Tensor *tensor = &context->tensors[node->inputs->data[i]];
    for (size_t j = 0; j < tensor->bytes; j++) sum += 13 * ((const uint8_t *)tensor->data)[j];
  }
  for (int i = 0; i < node->outputs->size; i++) {
    const Tensor *tensor = &context->tensors[node->outputs->data[i]];
    for (size_t j = 0; j < tensor->bytes; j++) ((uint8_t *)tensor->data)[j] = (uint8_t)(7 * j + 31 * (unsigned)i + sum);
  }
  return 0;
}

static int delegate_prepare(Context *context, Delegate *delegate) {
  IntArray *plan = NULL;
  if (context->get_execution_plan(context, &plan)) return 1;
  /* The plan is the interpreter's and changes with each replacement. */
  int count = plan->size, *order = malloc(sizeof(int) * (size_t)(count + 1));
  memcpy(order, plan->data, sizeof(int) * (size_t)count);
  int status = 0;
  for (int i = 0; i < count && !status; i++) {
    Node *node = NULL;
    Registration *found = NULL;
    status = context->get_node_and_registration(context, order[i], &node, &found);
    if (status || !found->custom_name || strcmp(found->custom_name, "edgetpu-custom-op")) continue;
    Registration ours = {kernel_init, NULL, kernel_prepare, kernel_invoke};
    ours.custom_name = "EdgeTpuDelegateForCustomOp";
    ours.version = 1;
    IntArray *one = malloc(sizeof(IntArray) + sizeof(int));
    one->size = 1;
    one->data[0] = order[i];
    status = context->replace_node_subsets(context, ours, one, delegate);
    free(one);
  }
  free(order);
  return status;
}

/* What libedgetpu does not have: EdgeKit reads it and marks all that ran with this library. */
const char *edgekit_simulates(void) { return "Edge TPU"; }

const char *edgetpu_version(void) { return "BuildLabel(simulator), RuntimeVersion(14)"; }

Device *edgetpu_list_devices(size_t *count) {
  *count = is("no device") ? 0 : 1;
  if (!*count) return NULL;
  Device *device = malloc(sizeof(Device));
  device->type = 1;
  device->path = "/sys/bus/usb/devices/simulated";
  return device;
}

void edgetpu_free_devices(Device *devices) { free(devices); }

/* Which values libedgetpu takes; like it, gives no reason where it refuses. */
static bool allowed(const char *key, const char *value) {
  if (!strcmp(key, "device")) return !*value || !strcmp(value, "usb") || !strcmp(value, "usb:0") || !strcmp(value, ":0");
  if (!strcmp(key, "Performance"))
    return !strcmp(value, "Low") || !strcmp(value, "Medium") || !strcmp(value, "High") || !strcmp(value, "Max");
  if (!strcmp(key, "Usb.AlwaysDfu")) return !strcmp(value, "True") || !strcmp(value, "False");
  return true;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  (void)report;
  if (is("crash")) raise(SIGSEGV);
  if (is("hang")) sleep(600);
  bool with_index = false, refused = is("no device");
  Delegate *delegate = calloc(1, sizeof(Delegate));
  for (size_t i = 0; i < count; i++) {
    refused = refused || !allowed(keys[i], values[i]);
    with_index = with_index || (!strcmp(keys[i], "device") && strchr(values[i], ':'));
  }
  /* As libedgetpu does, heeds the other options only where the device has an index; shown in the answers. */
  for (size_t i = 0; i < count && with_index; i++)
    if (!strcmp(keys[i], "Performance")) delegate->seed = (unsigned)(uint8_t)values[i][0];
  if (refused) {
    free(delegate);
    return NULL;
  }
  delegate->prepare = delegate_prepare;
  delegate->flags = 1; /* kTfLiteDelegateFlagsAllowDynamicTensors, as libedgetpu's */
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
