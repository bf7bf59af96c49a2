module rxplug.test/interop/gob

go 1.24
