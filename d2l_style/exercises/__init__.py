"""Help with the exercises of the chapter, one module for each."""
