"""edu_assets: exports of a school network's systems become figures that people can sign."""
