"""What files carry beside their pixels, changed only where the pixels changed."""
