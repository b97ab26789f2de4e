#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/paper.h"
#include "core/file.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin restore [PAPER.txt] --out FILE.key [--passphrase-file FILE]\n\n"
    "Makes a study key from its paper: asks for the lines of words one by one, or for the text of "
    "the "
    "QR code in\n"
    "place of the first. PAPER.txt holds either. The passphrase is the one that the key had when "
    "the "
    "paper was made.\n";

enum { ROOM = 1024, TEXT_MAX = 65536 };

/* ---- typed ---- */

static enum err ask(uint8_t paper[PAPER_LEN])
{
    char typed[ROOM], said[PAPER_SAID];
    bool whole = false;
    for (unsigned i = 0; i < PAPER_LINES;) {
        fprintf(stderr, "Line %u of %d: ", i + 1, PAPER_LINES);
        if (fgets(typed, sizeof typed, stdin) == NULL)
            return log_fail(ERR_FORMAT, "the paper has %d lines; only %u were typed", PAPER_LINES,
                            i);
        if (i == 0 && paper_get_code(typed, paper, &whole))
            return whole ? ERR_OK
                         : log_fail(ERR_FORMAT, "the text of the QR code is cut short or changed");
        if (paper_get_line(typed, i, paper, said))
            i++;
        else if (isatty(STDIN_FILENO) == 1)
            fprintf(stderr, "%s\n", said);
        else
            return log_fail(ERR_FORMAT, "%s", said);
    }
    return ERR_OK;
}

/* ---- from a file ---- */

/* A numbered line of words; false if it is none. */
static bool number_of(const char *line, unsigned *number, const char **words)
{
    char *end = NULL;
    while (isspace((unsigned char)*line))
        line++;
    if (!isdigit((unsigned char)*line))
        return false;
    unsigned long n = strtoul(line, &end, 10);
    *number = (unsigned)n;
    *words = end + strspn(end, ".:) \t");
    return n >= 1 && n <= PAPER_LINES && *words != end;
}

static enum err read_lines(char *text, uint8_t paper[PAPER_LEN])
{
    char said[PAPER_SAID];
    unsigned seen = 0, number = 0, wrong = 0;
    const char *words = NULL;
    bool whole = false, code = false;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line != NULL && !code;
         line = strtok_r(NULL, "\n", &save)) {
        code = paper_get_code(line, paper, &whole);
        if (code || !number_of(line, &number, &words))
            continue;
        seen |= 1u << (number - 1);
        if (!paper_get_line(words, number - 1, paper, said)) {
            log_note("%s", said);
            wrong++;
        }
    }
    if (code)
        return whole ? ERR_OK
                     : log_fail(ERR_FORMAT, "the text of the QR code is cut short or changed");
    if (wrong > 0)
        return ERR_FORMAT;
    return seen == (1u << PAPER_LINES) - 1
               ? ERR_OK
               : log_fail(ERR_FORMAT, "not all of the %d numbered lines of the paper are there",
                          PAPER_LINES);
}

static enum err read_paper(const char *path, uint8_t paper[PAPER_LEN])
{
    struct buffer b = {0};
    enum err e = file_read(path, TEXT_MAX, false, &b);
    buffer_u8(&b, 0);
    if (e == ERR_OK)
        e = b.failed ? ERR_NOMEM : read_lines((char *)b.p, paper);
    buffer_free(&b);
    return e;
}

enum err command_restore(int argc, char **argv)
{
    struct options o;
    struct secret *passphrase = NULL;
    struct studykey *key = NULL;
    uint8_t paper[PAPER_LEN] = {0};
    enum err e = options_parse(argc, argv, TAKES_OUT | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words > 1)
        return log_fail(ERR_USAGE, "restore takes one paper: sanaq-admin restore PAPER.txt --out "
                                   "FILE.key");
    if ((e = options_need("restore", o.out, "--out FILE.key")) != ERR_OK)
        return e;
    e = o.words == 1 ? read_paper(o.word[0], paper) : ask(paper);
    if (e == ERR_OK && !paper_whole(paper))
        e = log_fail(ERR_FORMAT, "every line is right by itself, but they are not of one paper");
    if (e == ERR_OK)
        e = o.passphrase_file != NULL
                ? secret_read_line(o.passphrase_file, 0, &passphrase)
                : secret_ask("Passphrase of the key on this paper: ", false, &passphrase);
    if (e == ERR_OK)
        e = paper_open(paper, passphrase, &key);
    if (e == ERR_OK)
        e = studykey_save(o.out, key, passphrase);
    if (e == ERR_OK) {
        char words[WORDS_TEXT];
        uint8_t hash[HASH_LEN];
        pack_key_fingerprint(&key->pub, hash);
        words_of(hash, words);
        printf("%s is restored. Its words, to compare with its .pub file:\n\n    %s\n", o.out,
               words);
    }
    secret_free(passphrase);
    studykey_free(key);
    return e;
}
