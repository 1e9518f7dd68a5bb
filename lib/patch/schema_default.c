/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The built-in workflow schema: which types a node may have and what the
 * `config` of some of them holds. The rest of what makes a workflow is in
 * workflow.c, because it holds whatever the schema.
 */
#include "patch/workflow.h"

/* clang-format off */
#define CONFIG_OF(type, members) \
	"{\"if\":{\"required\":[\"type\"]," \
	"\"properties\":{\"type\":{\"const\":\"" type "\"}}}," \
	"\"then\":{\"properties\":{\"config\":{\"properties\":{" members "}}}}}"

#define TEXT(name) "\"" name "\":{\"type\":\"string\"}"

const char agr_schema_default[] =
	"{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
	"\"title\":\"workflow\",\"type\":\"object\","
	"\"properties\":{\"nodes\":{\"items\":{\"properties\":{\"type\":{\"enum\":["
		"\"function\",\"http\",\"conditional\",\"branch\",\"loop\",\"parallel\","
		"\"transform\",\"aggregate\",\"filter\",\"agent\",\"task\",\"hitl\","
		"\"start\",\"end\"]}},"
	"\"allOf\":["
		CONFIG_OF("agent", TEXT("task")) ","
		CONFIG_OF("http", TEXT("url") "," TEXT("method") ",\"payload\":true") ","
		CONFIG_OF("hitl", TEXT("message")
			",\"timeout_ms\":{\"type\":\"number\",\"minimum\":0}") ","
		CONFIG_OF("conditional", TEXT("condition"))
	"]}}}}";
/* clang-format on */
