#include <stdio.h>
#include <string.h>

#include "admin/command/command.h"
#include "admin/command/options.h"
#include "admin/output/paper_pdf.h"
#include "admin/paper.h"
#include "core/file.h"
#include "core/log.h"

static const char usage[] =
    "usage: sanaq-admin backup FILE.key --out PAPER.pdf|PAPER.txt [--passphrase-file FILE]\n\n"
    "Writes the key on a page to print: eleven lines of words and a QR code, both still under the "
    "key's passphrase.\n"
    "Whoever finds the paper needs the passphrase too: keep the two apart. See restore.\n";

static const char about[] =
    "This is the %s's key with the words\n%s\n"
    "It is still under its passphrase, which is not on this page: who has this paper alone opens "
    "nothing; who has both has the key, and reads %s. Keep them apart. Without the passphrase this "
    "paper "
    "is worth nothing.\n"
    "To get the key back: sanaq-admin restore --out study.key, and type the lines below, or give "
    "it "
    "the text of the QR code. The eighth word of a line checks the other seven.";

struct page {
    char line[PAPER_LINES][PAPER_LINE];
    const char *lines[PAPER_LINES];
    char code[PAPER_CODE], about[1200];
};

/* What was made is read back the way that a person will: line by line. */
static enum err fill(const struct studykey *k, const uint8_t paper[PAPER_LEN], struct page *p)
{
    uint8_t hash[HASH_LEN], back[PAPER_LEN] = {0};
    char words[WORDS_TEXT], said[PAPER_SAID];
    bool researcher = k->role == STUDYKEY_RESEARCHER, ok = true;
    pack_key_fingerprint(&k->pub, hash);
    words_of(hash, words);
    snprintf(p->about, sizeof p->about, about, researcher ? "researcher" : "supervisor", words,
             researcher ? "every interview sealed to it" : "where and when interviews were");
    for (unsigned i = 0; i < PAPER_LINES; i++) {
        paper_put_line(paper, i, p->line[i]);
        p->lines[i] = p->line[i];
        ok = ok && paper_get_line(p->line[i], i, back, said);
    }
    paper_put_code(paper, p->code);
    return ok && memcmp(back, paper, PAPER_LEN) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err write_text(const struct page *p, const char *title, struct buffer *out)
{
    buffer_printf(out, "%s\n\n%s\n\n", title, p->about);
    for (size_t i = 0; i < PAPER_LINES; i++)
        buffer_printf(out, "%2zu  %s\n", i + 1, p->line[i]);
    buffer_printf(out, "\nThe text of the QR code:\n%s\n", p->code);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

static enum err write_paper(const struct studykey *k, const struct secret *passphrase,
                            const char *path)
{
    static const char title[] = "Sanaq: a study key on paper";
    uint8_t paper[PAPER_LEN];
    struct page p;
    struct buffer b = {0};
    enum err e = paper_seal(k, passphrase, paper);
    if (e == ERR_OK)
        e = fill(k, paper, &p);
    if (e == ERR_OK && ends_with(path, ".pdf"))
        e = paper_pdf(&(struct paper_page){title, p.about, p.lines, PAPER_LINES, p.code}, &b);
    else if (e == ERR_OK)
        e = write_text(&p, title, &b);
    if (e == ERR_OK)
        e = file_write(path, buffer_view(&b), 0600, false);
    if (e == ERR_OK)
        printf("%s: print it, then delete the file. Keep the paper and the passphrase apart.\n",
               path);
    buffer_free(&b);
    return e;
}

enum err command_backup(int argc, char **argv)
{
    struct options o;
    struct secret *passphrase = NULL;
    struct studykey *key = NULL;
    char prompt[300];
    enum err e = options_parse(argc, argv, TAKES_OUT | TAKES_PASSPHRASE, usage, &o);
    if (e != ERR_OK || o.help)
        return e;
    if (o.words != 1)
        return log_fail(ERR_USAGE,
                        "backup takes one key: sanaq-admin backup FILE.key --out PAPER.pdf");
    if ((e = options_need("backup", o.out, "--out PAPER.pdf")) != ERR_OK)
        return e;
    if (!ends_with(o.out, ".pdf") && !ends_with(o.out, ".txt"))
        return log_fail(ERR_USAGE, "--out %s: a page is a .pdf or a .txt file", o.out);
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", o.word[0]);
    e = o.passphrase_file != NULL ? secret_read_line(o.passphrase_file, 0, &passphrase)
                                  : secret_ask(prompt, false, &passphrase);
    if (e == ERR_OK)
        e = studykey_open(o.word[0], passphrase, &key);
    if (e == ERR_OK)
        e = write_paper(key, passphrase, o.out);
    secret_free(passphrase);
    studykey_free(key);
    return e;
}
