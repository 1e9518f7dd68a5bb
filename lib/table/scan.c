/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Whole texts, with errors that say where. */
#include <string.h>

#include "table/scanner.h"

size_t agr_bom_len(const char *p, size_t n)
{
	return n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int agr_scan_fault(const agr_scanner *s, int code, agentrun_error **err)
{
	if (s->too_deep)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"nested deeper than the limit of %zu levels", s->max_depth);
	return agentrun_error_raise(err, code, "not valid JSON: %s", s->fault);
}

int agr_scan_raise(const agr_scanner *s, const agr_text *text, agentrun_error **err)
{
	int code = agr_scan_fault(s, text->code ? text->code : AGENTRUN_EINPUT, err);

	agr_error_at(err, text->name, text->p, text->n,
		(size_t)(s->fault_at - text->p));
	return code;
}

static void begin(agr_scanner *s, const agr_text *text, size_t pos)
{
	const char *p = text->p + pos;

	if (pos == 0)
		p += agr_bom_len(p, text->n);
	agr_scanner_begin(s, p, text->p + text->n, true, text->max_depth, NULL);
}

int agr_scan_next(agr_span *out, const agr_text *text, size_t *pos,
	agentrun_error **err)
{
	agr_scanner s;
	int r;

	if (*pos >= text->n)
		return 0;
	begin(&s, text, *pos);
	r = agr_scanner_value(&s, out, NULL, NULL);
	if (r == AGR_SCAN_FAULT)
		return agr_scan_raise(&s, text, err);
	*pos = r == AGR_SCAN_END ? text->n : (size_t)(s.pos - text->p);
	return r;
}

int agr_scan_document(agr_span *out, const agr_text *text, agentrun_error **err)
{
	agr_scanner s;
	const char *next;
	int r;

	begin(&s, text, 0);
	r = agr_scanner_value(&s, out, NULL, NULL);
	if (r == AGR_SCAN_FAULT)
		return agr_scan_raise(&s, text, err);
	if (r == AGR_SCAN_END) {
		s.fault = "the text is empty";
		s.fault_at = s.end;
		return agr_scan_raise(&s, text, err);
	}
	next = agr_scanner_next(&s);
	if (!next && !s.index.fault.what)
		return 0;
	s.fault = next ? "unexpected text after the value" : s.index.fault.what;
	s.fault_at = next ? next : s.index.fault.at;
	return agr_scan_raise(&s, text, err);
}
