/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* sample - as much of a value as a model needs to see. */
#ifndef AGR_SAMPLE_H
#define AGR_SAMPLE_H

#include "table/scan.h"

/* Append the value as JSON, long strings, long lists and deep parts cut: some 4,000 bytes
 * at the most. */
void agr_sample_write(agr_buf *out, agr_span value);
/* Append the first rows of a list, as a JSON array; about `max_bytes` at the most. */
void agr_sample_rows(agr_buf *out, agr_span rows, size_t n, size_t max_bytes);
/* What a tool's data is told as: {"type":"dataset","row_count","sample":[…]} and its
 * kin, as the result's preview, but cut. */
void agr_sample_preview(agr_buf *out, agr_span data);

#endif
