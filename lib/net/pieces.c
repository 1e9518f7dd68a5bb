/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/pieces.h"

#include <stdlib.h>
#include <string.h>

static int copy(agr_pieces *out, const agentrun_http_part *parts, size_t n,
	agentrun_error **err)
{
	size_t own = 0;
	char *to;

	for (size_t i = 0; i < n; i++)
		own += parts[i].lasting ? 0 : parts[i].len;
	out->parts = calloc(n, sizeof(*parts));
	out->copied = to = malloc(own + 1);
	if (!out->parts || !to)
		return agr_error_oom(err);
	for (size_t i = 0; i < n; i++) {
		if (!parts[i].len)
			continue;
		out->parts[out->n] = parts[i];
		if (!parts[i].lasting) {
			memcpy(to, parts[i].data, parts[i].len);
			out->parts[out->n].data = to;
			to += parts[i].len;
		}
		out->n++;
		out->len += parts[i].len;
	}
	return 0;
}

int agr_pieces_copy(agr_pieces *out, const agentrun_http_request *request,
	agentrun_error **err)
{
	const agentrun_http_part whole = { request->body, request->body_len, 0 };

	if (request->n_body_parts)
		return copy(out, request->body_parts, request->n_body_parts, err);
	return request->body ? copy(out, &whole, 1, err) : 0;
}

void agr_pieces_clear(agr_pieces *pieces)
{
	free(pieces->parts);
	free(pieces->copied);
	memset(pieces, 0, sizeof(*pieces));
}

size_t agr_pieces_read(agr_pieces *pieces, char *to, size_t room)
{
	size_t done = 0;

	while (done < room && pieces->part < pieces->n) {
		const agentrun_http_part *part = &pieces->parts[pieces->part];
		size_t len = part->len - pieces->at;

		if (len > room - done)
			len = room - done;
		memcpy(to + done, part->data + pieces->at, len);
		done += len;
		pieces->at += len;
		if (pieces->at == part->len) {
			pieces->part++;
			pieces->at = 0;
		}
	}
	return done;
}

bool agr_pieces_seek(agr_pieces *pieces, uint64_t offset)
{
	if (offset > pieces->len)
		return false;
	pieces->at = (size_t)offset;
	for (pieces->part = 0; pieces->part < pieces->n &&
		pieces->at >= pieces->parts[pieces->part].len; pieces->part++)
		pieces->at -= pieces->parts[pieces->part].len;
	return true;
}
