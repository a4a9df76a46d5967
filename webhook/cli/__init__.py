def main():
    print("hankali")
