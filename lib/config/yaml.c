/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/config.h"

#define MAX_FILE_BYTES ((size_t)4 * 1024 * 1024)
#define MAX_KEY_BYTES 256
#define MAX_DEPTH 32

/* U+E000 to U+E07F: what stands for an ASCII character, see veil(). */
#define VEIL_BYTES 3

struct reader {
	agentrun_config *config;
	yaml_document_t doc;
	const char *name;
	const agr_env *env;
	agentrun_error **err;
	bool veiled;
};

/* Put the node's place before the error of this code. */
static int at_node(struct reader *r, const yaml_node_t *node, int code)
{
	agr_error_at_line(r->err, r->name, node->start_mark.line + 1,
		node->start_mark.column + 1);
	return code;
}

static int complain(struct reader *r, const yaml_node_t *node, const char *what,
	const char *key)
{
	int code = agentrun_error_raise(r->err, AGENTRUN_ECONFIG, "%s \"%s\"", what, key);

	return at_node(r, node, code);
}

static bool is_null(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE ||
		node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	text = (const char *)node->data.scalar.value;
	return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static int add_scalar(struct reader *r, agr_buf *value, const yaml_node_t *node)
{
	return agr_env_expand(value, r->env, (const char *)node->data.scalar.value,
		node->data.scalar.length, r->err);
}

static int read_list(struct reader *r, agr_buf *value, const yaml_node_t *node,
	const char *key)
{
	yaml_node_item_t *item = node->data.sequence.items.start;
	int status;

	for (; item < node->data.sequence.items.top; item++) {
		yaml_node_t *element = yaml_document_get_node(&r->doc, *item);

		if (element->type != YAML_SCALAR_NODE)
			return complain(r, element, "only text may stand in the list", key);
		if (value->len)
			agr_buf_char(value, '\n');
		status = add_scalar(r, value, element);
		if (status < 0)
			return at_node(r, element, status);
	}
	return 0;
}

static int read_value(struct reader *r, const yaml_node_t *node, const char *key)
{
	const agr_config_key *known = agr_config_key_find(key);
	agr_buf value = AGR_BUF_INIT;
	int status = 0;

	if (is_null(node))
		return 0;
	if (node->type == YAML_SEQUENCE_NODE && known->type == AGR_KEY_LIST)
		status = read_list(r, &value, node, key);
	else if (node->type != YAML_SCALAR_NODE || known->type == AGR_KEY_LIST)
		status = complain(r, node, known->type == AGR_KEY_LIST ?
			"a list is wanted for" : "a single value is wanted for", key);
	else
		status = add_scalar(r, &value, node);
	if (status == 0) {
		agr_buf_add(&value, "", 0);
		status = agr_buf_check(&value, key, r->err);
	}
	if (status == 0)
		status = agr_config_put(r->config, key, value.data, value.len, r->err);
	agr_buf_free(&value);
	return status < 0 ? at_node(r, node, status) : 0;
}

static int read_section(struct reader *r, const yaml_node_t *node,
	const char *prefix);

static int read_member(struct reader *r, const char *prefix,
	const yaml_node_t *name, const yaml_node_t *value)
{
	char key[MAX_KEY_BYTES];
	int n;

	if (name->type != YAML_SCALAR_NODE)
		return complain(r, name, "a key must be text under", prefix);
	n = snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "." : "",
		(const char *)name->data.scalar.value);
	if (n < 0 || (size_t)n >= sizeof(key))
		return complain(r, name, "a key is too long under", prefix);
	if (agr_config_key_find(key))
		return read_value(r, value, key);
	if (!agr_config_is_section(key))
		return complain(r, name, "unknown key", key);
	if (is_null(value))
		return 0;
	if (value->type != YAML_MAPPING_NODE)
		return complain(r, value, "a section of keys is wanted for", key);
	return read_section(r, value, key);
}

static bool same_name(const yaml_node_t *a, const yaml_node_t *b)
{
	return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
		a->data.scalar.length == b->data.scalar.length &&
		memcmp(a->data.scalar.value, b->data.scalar.value,
			a->data.scalar.length) == 0;
}

static int read_section(struct reader *r, const yaml_node_t *node,
	const char *prefix)
{
	yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
	size_t n = (size_t)(node->data.mapping.pairs.top - pairs);
	int status = 0;

	for (size_t i = 0; status == 0 && i < n; i++) {
		yaml_node_t *name = yaml_document_get_node(&r->doc, pairs[i].key);

		for (size_t k = 0; k < i; k++)
			if (same_name(yaml_document_get_node(&r->doc, pairs[k].key), name))
				return complain(r, name, "this key stands twice:",
					(const char *)name->data.scalar.value);
		status = read_member(r, prefix, name,
			yaml_document_get_node(&r->doc, pairs[i].value));
	}
	return status;
}

/* ---- ${...} ---------------------------------------------------------------- */

static bool is_veiled(const char *p, const char *end)
{
	return (size_t)(end - p) >= VEIL_BYTES && (unsigned char)p[0] == 0xee &&
		((unsigned char)p[1] & 0xfe) == 0x80;
}

static bool has_veiled(const char *p, const char *end)
{
	while (p < end && !is_veiled(p, end))
		p++;
	return p < end;
}

/*
 * In {port: ${PORT:-80}} YAML takes the inner braces for its own. What is special
 * to it in a ${...} goes through the parser as one private character for each, so
 * that lines and columns stay; a text that has such characters itself goes through
 * as it is.
 */
static void veil(agr_buf *out, const char *p, const char *end)
{
	bool plain = has_veiled(p, end), inside = false;

	for (; p < end; p++) {
		if (!plain && !inside && p[0] == '$' && end - p > 1 && p[1] == '{') {
			size_t n = 2;

			/* What is behind a quote may be YAML's again. */
			while (n < (size_t)(end - p) && !strchr("}\n\"'", p[n]))
				n++;
			inside = n < (size_t)(end - p) && p[n] == '}';
		}
		if (inside && strchr("{}[],:#", *p) && *p) {
			agr_buf_char(out, '\xee');
			agr_buf_char(out, (char)(0x80 | (*p >> 6)));
			agr_buf_char(out, (char)(0x80 | (*p & 0x3f)));
		} else {
			agr_buf_char(out, *p);
		}
		inside = inside && *p != '}';
	}
}

/* What veil() did, undone in all scalars. */
static void unveil(yaml_document_t *doc)
{
	for (yaml_node_t *node = doc->nodes.start; node < doc->nodes.top; node++) {
		char *from, *to, *end;

		if (node->type != YAML_SCALAR_NODE)
			continue;
		from = to = (char *)node->data.scalar.value;
		end = from + node->data.scalar.length;
		while (from < end) {
			if (is_veiled(from, end)) {
				*to++ = (char)((from[1] & 1) << 6 | (from[2] & 0x3f));
				from += VEIL_BYTES;
			} else {
				*to++ = *from++;
			}
		}
		*to = '\0';
		node->data.scalar.length = (size_t)(to - (char *)node->data.scalar.value);
	}
}

/* ---- the document ---------------------------------------------------------- */

static int parser_fault(struct reader *r, const yaml_parser_t *parser)
{
	int code;

	/* Where memory ran out libyaml does not always say so. */
	if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
		return agr_error_oom(r->err);
	code = agentrun_error_raise(r->err, AGENTRUN_ECONFIG, "not valid YAML: %s",
		parser->problem ? parser->problem : "unknown fault");
	agr_error_at_line(r->err, r->name, parser->problem_mark.line + 1,
		parser->problem_mark.column + 1);
	return code;
}

/* One document, then nothing. */
static int read_document(struct reader *r, yaml_parser_t *parser)
{
	yaml_node_t *root;
	int status = 0;

	if (!yaml_parser_load(parser, &r->doc))
		return parser_fault(r, parser);
	if (r->veiled)
		unveil(&r->doc);
	root = yaml_document_get_root_node(&r->doc);
	if (root && !is_null(root)) {
		if (root->type != YAML_MAPPING_NODE)
			status = complain(r, root, "sections of keys are wanted in", r->name);
		else
			status = read_section(r, root, "");
	}
	yaml_document_delete(&r->doc);
	if (status < 0 || !root)
		return status;
	if (!yaml_parser_load(parser, &r->doc))
		return parser_fault(r, parser);
	root = yaml_document_get_root_node(&r->doc);
	if (root)
		status = complain(r, root, "only one document is wanted in", r->name);
	yaml_document_delete(&r->doc);
	return status;
}

/* libyaml takes quadratic time for deep nesting: look at its depth first. What
 * else may be wrong is told when the document is read. */
static int check_depth(struct reader *r, const char *text, size_t len)
{
	yaml_parser_t parser;
	yaml_event_t event;
	int depth = 0, status = 0;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		return agr_error_oom(r->err);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (more && status == 0 && yaml_parser_parse(&parser, &event)) {
		more = event.type != YAML_STREAM_END_EVENT;
		if (event.type == YAML_SEQUENCE_START_EVENT ||
			event.type == YAML_MAPPING_START_EVENT)
			depth++;
		if (event.type == YAML_SEQUENCE_END_EVENT ||
			event.type == YAML_MAPPING_END_EVENT)
			depth--;
		if (depth > MAX_DEPTH) {
			status = agentrun_error_raise(r->err, AGENTRUN_ECONFIG,
				"nested deeper than %d levels", MAX_DEPTH);
			agr_error_at_line(r->err, r->name, event.start_mark.line + 1,
				event.start_mark.column + 1);
		}
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return status;
}

static int load_veiled(agentrun_config *config, const char *name, const agr_env *env,
	const char *text, size_t len, bool veiled, agentrun_error **err)
{
	struct reader r = { .config = NULL, .name = name, .env = env, .err = err,
		.veiled = veiled };
	yaml_parser_t parser;
	int status;

	status = check_depth(&r, text, len);
	if (status == 0)
		status = agr_config_copy(&r.config, config, err);
	if (status < 0)
		return status;
	if (!yaml_parser_initialize(&parser)) {
		agentrun_config_free(r.config);
		return agr_error_oom(err);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	status = read_document(&r, &parser);
	yaml_parser_delete(&parser);
	if (status == 0)
		agr_config_swap(config, r.config);
	agentrun_config_free(r.config);
	return status;
}

static int load(agentrun_config *config, const char *name, const agr_env *env,
	const char *text, size_t len, agentrun_error **err)
{
	const char *end = len ? text + len : text;
	agr_buf veiled = AGR_BUF_INIT;
	int status;

	veil(&veiled, text, end);
	agr_buf_add(&veiled, "", 0);
	status = agr_buf_check(&veiled, "the configuration", err);
	if (status == 0)
		status = load_veiled(config, name, env, veiled.data, veiled.len,
			!has_veiled(text, end), err);
	agr_buf_free(&veiled);
	return status;
}

int agentrun_config_load_text(agentrun_config *config, const char *name,
	const char *text, size_t len, agentrun_error **err)
{
	return load(config, name, agr_config_env(config), text, len, err);
}

int agentrun_config_load_file(agentrun_config *config, const char *path,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_MAX(MAX_FILE_BYTES), dotenv = AGR_BUF_INIT;
	const char *slash = strrchr(path, '/');
	agr_env *env = NULL;
	int r;

	agr_buf_add(&dotenv, path, slash ? (size_t)(slash - path) + 1 : 0);
	agr_buf_str(&dotenv, ".env");
	r = agr_buf_check(&dotenv, "path", err);
	if (r == 0)
		r = agr_file_read(&text, path, err);
	if (r == 0)
		r = agr_env_load(&env, dotenv.data, err);
	if (r == 0)
		r = load(config, path, env, text.data, text.len, err);
	if (r == 0)
		agr_config_take_env(config, env);
	else
		agr_env_free(env);
	agr_buf_free(&text);
	agr_buf_free(&dotenv);
	return r;
}
