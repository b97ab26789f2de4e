/* What the fuzz targets share: a silent log, files and a folder of their own in memory, and
 * cryptography that says yes, so that what lies behind a signature or a box is reached too.
 *
 * Wrapped (see CMakeLists.txt): every signature fits that does not end in 0xff, what does not open
 * is taken as it is unless its tag has an 0xff at its end, and stretching a passphrase costs
 * nothing. */
#ifndef SANAQ_TESTS_FUZZ_H
#define SANAQ_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define V1 SANAQ_SOURCE_DIR "/tests/vectors/v1/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that does not hold is a crash, so that the fuzzer keeps the input. */
#define HOLDS(x)                                                                                   \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/** Once, before anything else: libsodium, a log that says nothing. */
void fuzz_start(void);

/** A file of tests/vectors/v1, or another by its whole path, kept for good. */
struct bytes fuzz_file(const char *name);

/** The folder of this process, in memory where the machine has such a place; gone at its end. */
const char *fuzz_dir(void);
/** Put ${b} into a file of this name in there, over what was there; its path, kept for good. */
const char *fuzz_put(const char *name, struct bytes b);

#endif
