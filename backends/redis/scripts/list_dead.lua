-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, what to do (retry, drop), job id, is it any job's?, from which letter on.
-- Acts on the first letter of the job, or on the first of all.
-- Gives the letter to go on from (-1: that was all), and whether one was acted on.
local action, id, any, from = ARGV[2], ARGV[3], ARGV[4] == '1', tonumber(ARGV[5])
-- cjson writes a slash with a backslash, we do not.
local head = '{"job_id":' .. cjson.encode(id):gsub('\\/', '/') .. ','
local STEP = any and 1 or 1000
local letters = call('LRANGE', DEAD, from, from + STEP - 1)
for _, letter in ipairs(letters) do
	if any or letter:sub(1, #head) == head then
		if action == 'retry' then
			local ok, read = pcall(cjson.decode, letter)
			ok = ok and type(read) == 'table' and type(read.payload) == 'string'
			call('RPUSH', JOBS, ok and read.payload or letter)
		end
		call('LREM', DEAD, 1, letter)
		return { from, 1 }
	end
end
return { #letters == STEP and from + STEP or -1, 0 }
