/* What both programs do to their own process before they touch a secret. */
#ifndef SANAQ_CORE_PROCESS_H
#define SANAQ_CORE_PROCESS_H

/** No core dumps, no looking in by other programs of the same user, files for the owner only, the
 *  three standard streams open, a file limit that is an error and not a death. */
void process_harden(void);

/** Freed memory is overwritten from here on, also that of the libraries (curses, SQLite), which
 * know of no secrets. Where the C library offers it. */
void process_wipe_freed(void);

#endif
