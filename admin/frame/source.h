/* DATA on a command line: a flat file or an archive, as a frame. */
#ifndef SANAQ_ADMIN_FRAME_SOURCE_H
#define SANAQ_ADMIN_FRAME_SOURCE_H

#include "admin/frame/flat.h"

struct source_options {
    const char *data; /* path: *.csv, *.dta and *.sav are flat files, anything else an archive */
    const char *key;  /* study key, archives only */
    const char *passphrase_file; /* NULL: ask on the terminal */
    const char *unblind;         /* reason, or NULL */
    const char *command;         /* "estimate", "export": what the unblinding log says */
    struct flat_options flat;
};

/** Open DATA and make the frame. Archives: verifies everything first, says what was set aside, and
 *  refuses (ERR_USAGE, a sentence that names both ways) while the study is blinded and neither
 *  closed nor ${unblind} is given; a reason is logged in the archive. ERR_PARTIAL or ERR_DOUBT with
 * a frame in *out (NULL before): pieces were set aside or something is in doubt and was said; go on
 * with what passed every check and end with that status. */
enum err source_open(const struct source_options *o, struct frame **out);

#endif
