/* Plugin of QEMU 7.2 and later (API version 1): counts executed Thumb instructions and models their cycles.
 *
 *     -plugin libinsn.so,begin=ADDRESS,end=ADDRESS,mark=ADDRESS,table=m0|m3|m4,out=FILE
 *
 * FILE gets a line "window,INSTRUCTIONS,CYCLES" for what lies between a call of the function at begin and one of that
 * at end, with the call instruction of the latter, and for each call of the function at mark a line
 * "mark,INSTRUCTIONS,CYCLES" with the sums since the start. Build: cc -shared -fPIC -o libinsn.so insn_plugin.c
 *
 * Cycles: the Cortex-M4, M3 and M0 technical reference manuals without flash waits; see `tables`. A branch counts as
 * taken when the next block is not the one that follows in memory; an instruction that IT skips counts in full. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of QEMU's plugin interface used here, by its documentation. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_callback)(qemu_plugin_id_t id, struct qemu_plugin_tb* tb);
typedef void (*exec_callback)(unsigned cpu, void* data);
typedef void (*exit_callback)(qemu_plugin_id_t id, void* data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_callback callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* tb, exec_callback callback, int flags, void* data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_callback callback, void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb* tb);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* tb, size_t index);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn* insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn* insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc,
                                                               char** argv);

typedef enum { other, load, store, multiple, branch, divide, multiply_add, long_multiply, fp_mac, fp_divide } kind;
typedef struct {
  kind kind;
  unsigned registers; /* of `multiple` */
  int jumps;          /* may leave the block */
} class;

typedef struct {
  const char* name;
  unsigned load, next_load, store, divide, multiply_add, long_multiply, fp_mac, fp_divide, taken;
} cycle_table;
static const cycle_table tables[] = {
    {"m0", 2, 2, 2, 1, 1, 1, 1, 1, 2},
    {"m3", 2, 1, 1, 6, 2, 4, 1, 1, 2},
    {"m4", 2, 1, 1, 6, 1, 1, 3, 14, 2},
};

typedef struct {
  uint64_t begin, end; /* addresses */
  uint64_t instructions, cycles;
  int jumps;
} block;

static const cycle_table* table = &tables[2];
static uint64_t address_begin = 1, address_end = 1, address_mark = 1;
static FILE* out;
static uint64_t instructions, cycles, begin_instructions, begin_cycles;
static const block* last;

static class of(kind k) {
  const class result = {k, 0, k == branch};
  return result;
}
static class many(unsigned list, int jumps) {
  const class result = {multiple, (unsigned)__builtin_popcount(list), jumps};
  return result;
}

static class classify16(unsigned a) {
  const unsigned op = a >> 11;
  if (op == 9) return of(load);                                       /* LDR literal */
  if (a >> 12 == 5) return of(((a >> 9) & 7) >= 3 ? load : store);    /* register offset */
  if (a >> 12 == 6 || a >> 12 == 7 || a >> 12 == 8 || a >> 12 == 9) { /* immediate or SP offset */
    return of((op & 1) != 0 ? load : store);
  }
  if ((a & 0xFE00) == 0xB400) return many(a & 0x1FF, 0);                 /* PUSH */
  if ((a & 0xFE00) == 0xBC00) return many(a & 0x1FF, (a & 0x100) != 0);  /* POP */
  if (a >> 12 == 12) return many(a & 0xFF, 0);                           /* LDM, STM */
  if ((a & 0xF500) == 0xB100) return of(branch);                         /* CBZ, CBNZ */
  if (a >> 12 == 13 || op == 28) return of(branch);                      /* B */
  if ((a & 0xFF00) == 0x4700) return of(branch);                         /* BX, BLX */
  if ((a & 0xFC87) == 0x4487 && (a & 0x300) != 0x100) return of(branch); /* ADD, MOV to PC */
  return of(other);
}

static class classify32(unsigned a, unsigned b) {
  const unsigned coprocessor = (b >> 8) & 15;
  if ((a & 0xFE40) == 0xE800) return many(b, (a & 0x10) != 0 && (b & 0x8000) != 0); /* LDM, STM */
  if ((a & 0xFFF0) == 0xE8D0 && (b & 0xFFE0) == 0xF000) return of(branch);          /* TBB, TBH */
  if ((a & 0xFE40) == 0xE840) {
    if ((a & 0x120) != 0) return many(3, 0);   /* LDRD, STRD */
    return of((a & 0x10) != 0 ? load : store); /* exclusive */
  }
  if ((a & 0xFE00) == 0xF800) { /* one register */
    class result = of((a & 0x10) != 0 ? load : store);
    if ((a & 0x70) == 0x50 && b >> 12 == 15) result.jumps = 1; /* LDR PC */
    return result;
  }
  if (a >> 11 == 30 && (b & 0x8000) != 0) { /* B, BL, LE; else MSR, hints */
    return of((b & 0x5000) != 0 || (a & 0x380) != 0x380 ? branch : other);
  }
  if ((a & 0xFFF0) == 0xFB00 && b >> 12 != 15) return of(multiply_add);
  if ((a & 0xFF80) == 0xFB80) return of((a & 0x50) == 0x10 && (b & 0xF0) == 0xF0 ? divide : long_multiply);
  if (coprocessor == 10 || coprocessor == 11) {
    if ((a & 0xFE00) == 0xEC00 && (a & 0x1A0) != 0) { /* VLDR, VSTR, VLDM, VSTM */
      if ((a & 0x120) == 0x100) return of((a & 0x10) != 0 ? load : store);
      class result = {multiple, b & 0xFF, 0};
      return result;
    }
    if ((a & 0xFF00) == 0xEE00 && (b & 0x10) == 0) {
      switch ((a >> 4) & 11) {
        case 0:
        case 1:
        case 9:
        case 10:
          return of(fp_mac); /* VMLA, VNMLA, VFNMA, VFMA */
        case 8:
          return of(fp_divide);
        case 11:
          return of((a & 15) == 1 && (b & 0xC0) == 0xC0 ? fp_divide : other); /* VSQRT */
        default:
          return of(other);
      }
    }
  }
  return of(other);
}

static unsigned cost(class c, kind before) {
  switch (c.kind) {
    case load:
      return before == load ? table->next_load : table->load;
    case store:
      return table->store;
    case multiple:
      return 1 + c.registers;
    case divide:
      return table->divide;
    case multiply_add:
      return table->multiply_add;
    case long_multiply:
      return table->long_multiply;
    case fp_mac:
      return table->fp_mac;
    case fp_divide:
      return table->fp_divide;
    case branch:
    case other:
      return 1;
  }
  return 1;
}

static void executed(unsigned cpu, void* data) {
  const block* b = data;
  (void)cpu;
  if (b->begin == address_end && out != NULL) {
    fprintf(out, "window,%llu,%llu\n", (unsigned long long)(instructions - begin_instructions),
            (unsigned long long)(cycles - begin_cycles));
  }
  if (b->begin == address_mark && out != NULL) {
    fprintf(out, "mark,%llu,%llu\n", (unsigned long long)instructions, (unsigned long long)cycles);
  }
  if (last != NULL && last->jumps && last->end != b->begin) cycles += table->taken;
  last = b;
  instructions += b->instructions;
  cycles += b->cycles;
  if (b->begin == address_begin) {
    begin_instructions = instructions;
    begin_cycles = cycles;
    last = NULL; /* its return belongs to no window */
  }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  const size_t count = qemu_plugin_tb_n_insns(tb);
  block* b = calloc(1, sizeof *b); /* lives as long as the translated code, which is until the end */
  kind before = other;
  size_t i;
  (void)id;
  b->begin = b->end = qemu_plugin_tb_vaddr(tb);
  for (i = 0; i < count; ++i) {
    const struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
    uint16_t half[2] = {0, 0};
    const size_t size = qemu_plugin_insn_size(insn);
    memcpy(half, qemu_plugin_insn_data(insn), size <= 4 ? size : 4);
    const class c = size == 2 ? classify16(half[0]) : classify32(half[0], half[1]);
    b->cycles += cost(c, before);
    b->jumps = c.jumps;
    b->end += size;
    before = c.kind;
  }
  b->instructions = count;
  qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, b);
}

static void finished(qemu_plugin_id_t id, void* data) {
  (void)id;
  (void)data;
  if (out != NULL) fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  int i;
  (void)info;
  for (i = 0; i < argc; ++i) {
    char* value = strchr(argv[i], '=');
    size_t t;
    int known = 0;
    if (value == NULL) return -1;
    *value++ = '\0';
    /* Bit 0 of a function's address says Thumb. */
    if (strcmp(argv[i], "begin") == 0) known = 1, address_begin = strtoull(value, NULL, 16) & ~1ULL;
    if (strcmp(argv[i], "end") == 0) known = 1, address_end = strtoull(value, NULL, 16) & ~1ULL;
    if (strcmp(argv[i], "mark") == 0) known = 1, address_mark = strtoull(value, NULL, 16) & ~1ULL;
    if (strcmp(argv[i], "out") == 0) known = (out = fopen(value, "w")) != NULL;
    for (t = 0; strcmp(argv[i], "table") == 0 && t < sizeof tables / sizeof *tables; ++t) {
      if (strcmp(value, tables[t].name) == 0) known = 1, table = &tables[t];
    }
    if (!known) {
      fprintf(stderr, "insn plugin: %s=%s: unknown key or value\n", argv[i], value);
      return -1;
    }
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, finished, NULL);
  return 0;
}
