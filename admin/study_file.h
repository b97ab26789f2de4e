/* A study from disk with the files it names: read, judged, every mistake told with file and line.
 */
#ifndef SANAQ_ADMIN_STUDY_FILE_H
#define SANAQ_ADMIN_STUDY_FILE_H

#include "core/points.h"
#include "core/study.h"

/** Called for each mistake or warning; ${file} as the person would name it, ${line} 0 for the
 * whole. */
typedef void study_file_say(void *ctx, const char *file, bool warning, unsigned line,
                            const char *what);

/** Print one on standard error: "FILE:LINE: warning: what". ${ctx} is not used. */
void study_file_print(void *ctx, const char *file, bool warning, unsigned line, const char *what);

/** Read ${path} and the point list beside it and judge each and both together. On ERR_OK the caller
 *  owns *s, *p and both buffers ({0} before), which hold the files' bytes. ERR_STUDY: told through
 *  ${say}. ERR_FILE, ERR_FORMAT (logged), ERR_NOMEM. On failure there is nothing to free. */
enum err study_file_read(const char *path, study_file_say *say, void *ctx, struct study **s,
                         struct points **p, struct buffer *yaml, struct buffer *csv);

/** The same with everything printed; *warnings is how many warnings there were. */
enum err study_file_load(const char *path, struct study **s, struct points **p, struct buffer *yaml,
                         struct buffer *csv, unsigned *warnings);

/** Path of a file that the study ${path} names relative to itself; the caller frees it. NULL if out
 *  of memory. */
char *study_file_beside(const char *path, const char *name);

#endif
