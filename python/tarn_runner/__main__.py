from tarn_runner.parent import main

main()
