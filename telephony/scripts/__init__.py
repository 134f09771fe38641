"""Call scripts: the XML by which the vendor's platform handles a call."""
