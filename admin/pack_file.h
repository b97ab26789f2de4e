/* A pack as a file on a researcher's desk, with study and points in it. */
#ifndef SANAQ_ADMIN_PACK_FILE_H
#define SANAQ_ADMIN_PACK_FILE_H

#include "core/points.h"
#include "core/succession.h"

struct pack_file {
    struct pack *pack;
    struct study *study;
    struct points *points;
};

/** Read and check ${path}: format, signatures, study, points; everything wrong is said. ${out}
 * starts as {0} and stays so on failure. */
enum err pack_file_read(const char *path, struct pack_file *out);
void pack_file_free(struct pack_file *f);

/** Print what ${next} changes in the circle of ${now} (succession.h), with the words of new keys,
 * and how many signatures are still missing; ${path} is the file of ${next}. */
void pack_file_say_changes(const struct edition *now, const struct edition *next, const char *path);

#endif
