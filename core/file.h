/* Whole files: read with a limit, written whole or not at all. */
#ifndef SANAQ_CORE_FILE_H
#define SANAQ_CORE_FILE_H

#include "core/bytes.h"
#include "core/err.h"

/** Read all of ${path} (a regular file of at most ${limit} bytes; symlinks are not followed if
 *  ${strict}) into ${out}, an empty buffer that the caller frees. Failures are said with the path:
 *  ERR_FILE, ERR_FORMAT (too large). */
enum err file_read(const char *path, size_t limit, bool strict, struct buffer *out);

/** Write ${b} to ${path}: a hidden fresh file beside it, flushed, synced, renamed, folder synced.
 *  An existing file is replaced only if ${replace}. On failure (said: ERR_FILE, ERR_FULL) the old
 *  file stands and nothing is left behind. ${mode} as for open. */
enum err file_write(const char *path, struct bytes b, unsigned mode, bool replace);

/** Make ${path} and its missing parents, mode 0700. ERR_FILE, ERR_FULL; said. */
enum err file_make_dir(const char *path);
/** The same on a target that several people write to: each folder made has the mode of the one
 * above it, whatever the umask. */
enum err file_make_shared_dir(const char *path);

/** ERR_FULL for ENOSPC and EDQUOT, else ERR_FILE. */
enum err file_err(int errnum);

/** "${dir}/${name}" in fresh memory that the caller frees; NULL if out of memory. */
char *file_join(const char *dir, const char *name);

#endif
