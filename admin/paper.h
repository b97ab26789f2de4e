/* A study key on paper (FORMAT.md "Study keys on paper"): the secret keys under the passphrase of
 * the key file, as eleven lines of eight words or as the text of a QR code. */
#ifndef SANAQ_ADMIN_PAPER_H
#define SANAQ_ADMIN_PAPER_H

#include "admin/studykey.h"
#include "core/words.h"

enum {
    PAPER_LEN = 105,
    PAPER_LINES = 11,
    PAPER_WORDS = 8, /* in a line; the last one checks the others */
    PAPER_LINE = PAPER_WORDS * (WORDS_MAX_LEN + 1),
    PAPER_CODE = 12 + 2 * PAPER_LEN + 1, /* text of the QR code and its 0 */
    PAPER_SAID = 256
};

/** Seal ${k} under ${passphrase}, at the cost of its file. ERR_UNSUPPORTED (said) for a cost that
 * no paper can say; ERR_NOMEM. */
enum err paper_seal(const struct studykey *k, const struct secret *passphrase,
                    uint8_t out[PAPER_LEN]);
/** Open it. ERR_FORMAT, ERR_PASSPHRASE, ERR_NOMEM; said. */
enum err paper_open(const uint8_t paper[PAPER_LEN], const struct secret *passphrase,
                    struct studykey **out);

/** Line ${i} (from 0) as words with single spaces. */
void paper_put_line(const uint8_t paper[PAPER_LEN], unsigned i, char out[PAPER_LINE]);
/** Read what was typed for line ${i}; case, commas and extra blanks do not matter. False: ${said}
 * tells which word or that the line as a whole is wrong, with words that are nearly the same. */
bool paper_get_line(const char *typed, unsigned i, uint8_t paper[PAPER_LEN], char said[PAPER_SAID]);

void paper_put_code(const uint8_t paper[PAPER_LEN], char out[PAPER_CODE]);
/** True if ${text} begins, behind blanks, like such a code; ${ok}: and is a whole one. */
bool paper_get_code(const char *text, uint8_t paper[PAPER_LEN], bool *ok);

/** True if all lines together are one paper (each alone may be of another). */
bool paper_whole(const uint8_t paper[PAPER_LEN]);

#endif
