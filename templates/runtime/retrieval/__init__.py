"""Parts of the runtime for retrieval: what ranks the products of a catalogue."""
