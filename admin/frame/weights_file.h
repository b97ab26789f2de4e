/* Weights of a data file from a YAML file whose block `weights:` is as a study's. */
#ifndef SANAQ_ADMIN_FRAME_WEIGHTS_FILE_H
#define SANAQ_ADMIN_FRAME_WEIGHTS_FILE_H

#include "admin/frame/frame.h"

/** Read ${path} and give ${f} its weights. ERR_STUDY, ERR_FILE, ERR_FORMAT (said: the line, the
 * column, the row, and what to do), ERR_UNSUPPORTED (said) for `nonresponse`, which needs the
 * addresses that only an archive knows; ERR_NOMEM. */
enum err weights_file_apply(const char *path, struct frame *f);

#endif
