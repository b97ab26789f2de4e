#include "admin/output/paper_pdf.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdio.h>

#include "core/log.h"

enum { WIDTH = 595, HEIGHT = 842, MARGIN = 57, QUIET = 4 /* modules of white around the code */ };
static const double code_size = 200;

static cairo_status_t collect(void *ctx, const unsigned char *data, unsigned n)
{
    struct buffer *b = ctx;
    buffer_add(b, data, n);
    return b->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

/* Draws a text at ${y} and gives the y below it. */
static double draw_text(cairo_t *c, const char *font, double x, double y, const char *text)
{
    PangoLayout *layout = pango_cairo_create_layout(c);
    PangoFontDescription *as = pango_font_description_from_string(font);
    int height = 0;
    pango_cairo_context_set_resolution(pango_layout_get_context(layout),
                                       72); /* points are points */
    pango_layout_context_changed(layout);
    pango_layout_set_font_description(layout, as);
    pango_layout_set_width(layout, (int)((WIDTH - MARGIN - x) * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD);
    pango_layout_set_text(layout, text, -1);
    pango_layout_get_size(layout, NULL, &height);
    cairo_move_to(c, x, y);
    pango_cairo_show_layout(c, layout);
    pango_font_description_free(as);
    g_object_unref(layout);
    return y + (double)height / PANGO_SCALE;
}

static enum err draw_code(cairo_t *c, double x, double y, const char *text)
{
    QRcode *q = QRcode_encodeString(text, 0, QR_ECLEVEL_Q, QR_MODE_8, 1);
    if (q == NULL)
        return ERR_NOMEM;
    double module = code_size / (q->width + 2 * QUIET);
    for (int row = 0; row < q->width; row++)
        for (int col = 0; col < q->width; col++)
            if ((q->data[row * q->width + col] & 1) != 0)
                cairo_rectangle(c, x + (col + QUIET) * module, y + (row + QUIET) * module, module,
                                module);
    cairo_fill(c);
    QRcode_free(q);
    return ERR_OK;
}

static enum err draw(cairo_t *c, const struct paper_page *p)
{
    char number[24];
    double y = draw_text(c, "Sans Bold 18", MARGIN, MARGIN, p->title);
    y = draw_text(c, "Sans 11", MARGIN, y + 10, p->about) + 14;
    for (size_t i = 0; i < p->lines; i++) {
        snprintf(number, sizeof number, "%zu", i + 1);
        draw_text(c, "Monospace 10", MARGIN, y, number);
        y = draw_text(c, "Monospace 10", MARGIN + 22, y, p->line[i]) + 8;
    }
    return draw_code(c, (WIDTH - code_size) / 2, y + 6, p->code);
}

static bool has_fonts(void)
{
    PangoFontFamily **family = NULL;
    int families = 0;
    pango_font_map_list_families(pango_cairo_font_map_get_default(), &family, &families);
    g_free(family);
    return families > 0;
}

enum err paper_pdf(const struct paper_page *p, struct buffer *out)
{
    if (!has_fonts())
        return log_fail(ERR_SYSTEM, "this machine has no font to write the page with; install one "
                                    "(Debian: fonts-dejavu-core), or choose a .txt file");
    cairo_surface_t *s = cairo_pdf_surface_create_for_stream(collect, out, WIDTH, HEIGHT);
    cairo_t *c = cairo_create(s);
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, p->title);
    enum err e = draw(c, p);
    cairo_show_page(c);
    cairo_surface_finish(s);
    if (e == ERR_OK && (out->failed || cairo_surface_status(s) != CAIRO_STATUS_SUCCESS ||
                        cairo_status(c) != CAIRO_STATUS_SUCCESS))
        e = ERR_NOMEM;
    cairo_destroy(c);
    cairo_surface_destroy(s);
    return e;
}
