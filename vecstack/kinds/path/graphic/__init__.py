"""Flat pictures as few exact paths.

Words of this package: a *part* is what hangs together in a picture (seeds.Parts), a *glyph* a small thing of one ink
(glyphs.Glyph); a *loop* is a closed line of points around some of them, an *edge* a loop with the parts on both sides
(edges.Edge); a *shape* is the loops of one fill (stacking.Shape); an *outline* is one loop as few exact pieces
(curves.Outline), whose points alone are a *contour*, as in all of kinds/path; a *form* is the outlines of one path and
the free numbers that they are sums of (forms.Form)."""
