-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- The leases, each between blanks, that calls of these names (a line each) have settled.
local function settled_by(names)
	local text = ''
	for name in names:gmatch('[^\n]+') do
		text = text .. (call('GET', BASE .. ':settled:' .. name) or '')
	end
	return text
end
