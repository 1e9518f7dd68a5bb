/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* For train.py: reads prompts, one a line, writes the features of each. */
#include <stdio.h>
#include <string.h>

#include "intent/features.h"

int main(void)
{
	static char line[1 << 16];
	static agr_tokens tokens;
	agr_feature_set set;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (agr_tokens_read(&tokens, line, strlen(line), NULL) < 0)
			return 1;
		agr_features_find(&set, &tokens, NULL, NULL);
		for (int i = 0; i < AGR_FEATURE_COUNT; i++)
			if (set.has[i])
				printf("%s ", agr_feature_name((agr_feature)i));
		putchar('\n');
		agr_tokens_clear(&tokens);
	}
	return 0;
}
