/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "tool/search.h"

#include <string.h>

#include "llm/tools.h"

static bool is_word(char c)
{
	return agr_is_alpha(c) || agr_is_digit(c) || (unsigned char)c >= 0x80;
}

/* Does `text` hold a word that begins as this one does? A plural is the same word. */
static bool holds(const char *text, const char *word, size_t len)
{
	if (len > 4 && word[len - 1] == 's')
		len--;
	for (const char *p = text; *p; p++) {
		size_t i = 0;

		if (p != text && is_word(p[-1]))
			continue;
		while (i < len && agr_to_lower(p[i]) == agr_to_lower(word[i]))
			i++;
		if (i == len)
			return true;
	}
	return false;
}

/* Words of the query that the tool has: in its name they count thrice. */
static int score(const agr_tool *tool, const char *query)
{
	int n = 0;

	for (const char *p = query; *p;) {
		size_t len = 0;

		while (*p && !is_word(*p))
			p++;
		while (is_word(p[len]))
			len++;
		if (len > 1 || (len && (unsigned char)*p >= 0x80)) {
			n += holds(tool->name, p, len) ? 3 : 0;
			n += holds(tool->description, p, len) ? 1 : 0;
		}
		p += len;
	}
	return n;
}

void agr_tools_search(agr_buf *out, const agr_llm *llm, const char *query, size_t limit)
{
	size_t told = 0, total = 0;
	int best = 0;

	for (size_t i = 0; i < llm->n_tools; i++) {
		int n = score(&llm->tools[i], query);

		best = n > best ? n : best;
		total += n > 0;
	}
	agr_buf_str(out, "{\"tools\":[");
	for (; best > 0 && told < limit; best--)
		for (size_t i = 0; i < llm->n_tools && told < limit; i++) {
			const agr_tool *tool = &llm->tools[i];

			if (score(tool, query) != best || strcmp(tool->name, AGR_TOOL_SEARCH) == 0)
				continue;
			agr_buf_str(out, told++ ? ",{\"name\":" : "{\"name\":");
			agr_buf_json_str(out, tool->name, strlen(tool->name));
			agr_buf_str(out, ",\"description\":");
			agr_buf_json_str(out, tool->description, strlen(tool->description));
			if (strcmp(tool->name, AGR_TOOL_EXECUTE) != 0) { /* long, and known */
				agr_buf_str(out, ",\"parameters\":");
				agr_buf_add(out, tool->parameters, tool->parameters_len);
			}
			agr_buf_char(out, '}');
		}
	agr_buf_printf(out, "],\"total\":%zu}", total);
}
