-- SPDX-License-Identifier: BSD-2-Clause
-- Asks tshark many display filters in one pass: each line of $FILTERS is the filter of a tap of its own. Writes to
-- $ANSWERS a line for each: "ok<TAB>frames" or "error<TAB>text".
local answers = {}
local count = 0
for line in io.lines(os.getenv("FILTERS")) do
	count = count + 1
	local index = count
	local ok, tap = pcall(Listener.new, "frame", line)
	if ok then
		answers[index] = {}
		tap.packet = function(pinfo)
			table.insert(answers[index], tostring(pinfo.number))
		end
		tap.draw = function() end
		tap.reset = function() end
	else
		answers[index] = tostring(tap)
	end
end
local last = Listener.new("frame")
function last.draw()
	local out = assert(io.open(os.getenv("ANSWERS"), "w"))
	for index = 1, count do
		local answer = answers[index]
		if type(answer) == "table" then
			out:write("ok\t", table.concat(answer, " "), "\n")
		else
			out:write("error\t", (answer:gsub("[\r\n\t]", " ")), "\n")
		end
	end
	out:close()
end
