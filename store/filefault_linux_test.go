package store

func writeWithFaults(folder string) error { return nil }
