module rxplug/golden/gob

go 1.24
