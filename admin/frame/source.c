#include "admin/frame/source.h"

#include "admin/frame/interviews.h"
#include "core/log.h"

/* The pack that the frame is of: the newest that a device with results uses. */
static const struct verify_pack *newest(const struct verify_report *r)
{
    const struct verify_pack *p = NULL;
    for (size_t i = 0; i < r->devices; i++) {
        const struct verify_pack *own = r->device[i].pack;
        if (r->device[i].approved && own != NULL &&
            (p == NULL || own->pack->number > p->pack->number))
            p = own;
    }
    return p;
}

/* Arms and answers stay closed until the field is over, or somebody says why and it is logged. */
static enum err check_blinding(struct archive *a, const struct fold *f,
                               const struct source_options *o)
{
    bool closed = false;
    enum err e = archive_closed(a, &closed);
    if (e != ERR_OK || closed || !fold_has_live(f))
        return e;
    if (o->unblind == NULL || o->unblind[0] == '\0')
        return log_fail(
            ERR_USAGE,
            "the study is blinded until its field phase is over: end it with `sanaq-admin "
            "close ARCHIVE --key KEY`, or look now with --unblind \"REASON\", which is logged");
    return archive_log(a, "unblind", o->command, o->unblind);
}

static enum err make_frame(struct archive *a, const struct source_options *o,
                           const struct verify_report *r, const struct fold *f, struct frame **out)
{
    size_t left = 0;
    const struct verify_pack *pack = newest(r);
    if (!r->answers)
        return log_fail(ERR_KEY,
                        "this is a supervisor's key: it opens who was visited, not answers; use a "
                        "researcher's key");
    if (pack == NULL)
        return log_fail(
            ERR_STATE,
            "no results of an approved laptop are in this archive; see `sanaq-admin devices`");
    if (f->contacts == 0)
        return log_fail(ERR_STATE, "there is no interview in this archive yet");
    enum err e = check_blinding(a, f, o);
    if (e == ERR_OK)
        e = interviews_frame(f, r, pack, out, &left);
    if (e == ERR_OK && left > 0)
        log_note(
            "left out in all: %zu interviews under packs that do not combine with number %u, or "
            "at points that are not in its list",
            left, (unsigned)pack->pack->number);
    return e;
}

static enum err open_archive(const struct source_options *o, struct frame **out)
{
    struct archive *a = NULL;
    struct studykey *key = NULL;
    struct verify_report *r = NULL;
    struct fold f = {0};
    enum err e = archive_open(o->data, false, &a), found = ERR_OK;
    if (e == ERR_OK)
        e = studykey_unlock(o->key, o->passphrase_file, &key);
    if (e == ERR_OK)
        e = verify_archive(a, key, fold_event, &f, &r);
    if (e == ERR_OK) {
        verify_say(r);
        found = f.irregular > 0 ? ERR_DOUBT : verify_err(r);
        e = make_frame(a, o, r, &f, out);
    }
    fold_free(&f);
    verify_free(r);
    studykey_free(key);
    archive_close(a);
    return e == ERR_OK ? found : e;
}

enum err source_open(const struct source_options *o, struct frame **out)
{
    return flat_is_file(o->data) ? flat_read(o->data, &o->flat, out) : open_archive(o, out);
}
