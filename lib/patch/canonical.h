/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * canonical - RFC 8785 (JCS): one text for equal documents, and its digest.
 *
 * JCS takes every number for a double. So do we, with one exception: a number
 * that says more than a double can hold - a whole number that is none (2^53+1),
 * one beyond the range, one of more than 17 significant digits - keeps its own
 * digits, written DIGITSeEXPONENT, so that documents that differ there do not
 * share a hash.
 */
#ifndef AGR_CANONICAL_H
#define AGR_CANONICAL_H

#include "table/scan.h"

/* Append the canonical text. */
void agr_canonical_write(agr_buf *out, agr_span value);
int agr_canonical_hash(char hex[AGR_SHA256_HEX], agr_span value, agentrun_error **err);

#endif
