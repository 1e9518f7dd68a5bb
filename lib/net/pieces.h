/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* pieces - a request's body that is sent: some of it copied, some only pointed to. */
#ifndef AGR_PIECES_H
#define AGR_PIECES_H

#include <agentrun/sys/transport.h>

#include "base/base.h"

typedef struct agr_pieces {
	agentrun_http_part *parts;
	size_t n, len; /* len: of all of them */
	char *copied;  /* what does not outlive submit() */
	size_t part, at; /* what is read next */
} agr_pieces;

/* The body of a request; nothing where it has none. */
int agr_pieces_copy(agr_pieces *out, const agentrun_http_request *request,
	agentrun_error **err);
void agr_pieces_clear(agr_pieces *pieces);
/* The next bytes, `room` at the most; returns how many. */
size_t agr_pieces_read(agr_pieces *pieces, char *to, size_t room);
/* Go on at this offset; false: there is none such. */
bool agr_pieces_seek(agr_pieces *pieces, uint64_t offset);

#endif
